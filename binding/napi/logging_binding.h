// What JavaScript has to say about the logging of requests, and to ask.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportLogging(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
