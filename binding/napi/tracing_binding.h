// Which requests are traced. THREAD: JavaScript's.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportTracing(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
