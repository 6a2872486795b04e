// Tensor memory that JavaScript sees: external ArrayBuffers over memory that is never copied.
// Inputs: allocated here at TensorFlow's alignment, filled by JavaScript, then taken over by a run,
// which detaches the ArrayBuffer so that late writes cannot race. Outputs: TensorFlow's own memory.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "tensor/aligned_buffer.h"
#include "tf/handles.h"

namespace tensorgate {

// An ArrayBuffer of `bytes` zeroed bytes at 64-byte alignment; null with a pending exception when
// memory is out. THREAD: JavaScript's, as for all here.
napi_value AllocateTensorMemory(Napi::Env env, size_t bytes);

// Takes the memory over and detaches `array_buffer`. Null when it is not from
// AllocateTensorMemory(): the caller copies.
std::shared_ptr<AlignedBuffer> TakeTensorMemory(Napi::Env env, napi_value array_buffer);

// An ArrayBuffer over the memory of `tensor`, which lives until the ArrayBuffer is collected; small
// tensors are copied, which is cheaper. REQUIRES: a dtype with fixed-size elements.
napi_value LendTensor(napi_env env, TensorHandle tensor);

// ArrayBuffers handed out and not collected yet: inputs and lent outputs.
int64_t LiveArrayBuffers();

}  // namespace tensorgate
