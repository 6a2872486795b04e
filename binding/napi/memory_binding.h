// Memory that is to go back to the system, at JavaScript's word. THREAD: JavaScript's.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportMemory(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
