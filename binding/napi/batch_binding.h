// prepareProto, prepareJson, runBatch, dropTask: inference in two steps, so that JavaScript can say
// between them which requests share a run.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "call/inference_call.h"

namespace tensorgate {

// As prepareProto, of a call that needs no body: true where it became a task, whose numbers are in
// `prepared`.
bool PrepareTensorCall(Napi::Env env, uint32_t slot, uint32_t id,
                       std::unique_ptr<InferenceCall> call, bool is_traced);

void ExportBatch(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
