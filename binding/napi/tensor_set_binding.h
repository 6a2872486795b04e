// Inference from tensors to tensors, for pipelines and plugins: sets of tensors that the addon
// holds, runs on them, and requests whose tensors are answered from elsewhere. THREAD:
// JavaScript's.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportTensorSets(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
