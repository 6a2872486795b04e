// load, unload, limitDirect: a SavedModel's way into and out of the process-wide registry.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportModel(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
