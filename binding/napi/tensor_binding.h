// run, allocateTensor, addressOf: inference on tensors that JavaScript holds, for code that embeds
// tensorgate and for tests. Servers use predictProto and predictJson.
#pragma once

#include <napi.h>

#include "tf/handles.h"

namespace tensorgate {

// {dtype, shape, data}; data is an ArrayBuffer, or an array of strings or Uint8Arrays. False with a
// pending TypeError.
bool ReadTensor(const Napi::Object& given, TensorHandle* out);

// {dtype, shape, data}; data is an ArrayBuffer over the tensor's memory, or an array of Buffers.
Napi::Object TensorValue(Napi::Env env, const TF_Tensor& tensor);

void ExportTensor(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
