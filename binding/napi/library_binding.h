// What JavaScript can do with libraries of custom ops.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportLibrary(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
