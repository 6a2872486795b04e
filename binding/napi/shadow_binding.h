// The addon's calls around shadow traffic. THREAD: JavaScript's.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportShadow(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
