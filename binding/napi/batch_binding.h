// prepareProto, prepareJson, runBatch, dropTask: inference in two steps, so that JavaScript can say
// between them which requests share a run.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportBatch(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
