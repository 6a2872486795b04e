// configureCaches, cacheCounts, cacheRefusals: response caches as JavaScript sees them.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportCache(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
