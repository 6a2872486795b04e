// inferProto, inferJson, checkJson, readModelSpec: the inference path as JavaScript sees it.
// Request bytes in, response bytes out; nothing in between is visible to JavaScript.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "call/inference_call.h"
#include "codec/method.h"
#include "model/servable.h"
#include "status/status.h"

namespace tensorgate {

// Bodies up to this size are decoded before the call returns, on the event loop: that takes
// microseconds and saves keeping the body. Larger ones are decoded on the run pool, and must stay
// as they are until the call is answered.
constexpr size_t kDecodeOnLoopBytes = 64 << 10;

// Null with a pending TypeError when no loaded model has that id.
std::shared_ptr<const Servable> FindModel(Napi::Env env, uint32_t id);

// Those of its signatures, in their order.
Napi::Array SignatureNames(Napi::Env env, const Servable& servable);

// The call of a method by its wire form. SessionRun has no REST form.
std::unique_ptr<InferenceCall> NewProtoCall(std::shared_ptr<const Servable> model, Method method,
                                            bool as_content);
std::unique_ptr<InferenceCall> NewJsonCall(std::shared_ptr<const Servable> model, Method method);

// Runs a call that needs no body. REQUIRES: argument 0 is a slot.
void SubmitTensorCall(Napi::Env env, uint32_t slot, std::unique_ptr<InferenceCall> call,
                      uint32_t timeout_millis, bool is_traced);

bool ReadMethod(const Napi::CallbackInfo& info, size_t index, Method* method);

// DEADLINE_EXCEEDED, of a request that waited too long for its run.
Status DeadlinePassed();

void ExportInference(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
