// loadModelFile: see NativeOpenVino in src/native/openvino.ts.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportOpenVino(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
