// What a client's `Cache-Control` header, or gRPC metadata of that name, says of kept answers.
#pragma once

#include <string_view>

#include "cache/cache_use.h"
#include "http1/request_head.h"

namespace tensorgate {

// `no-cache` and `no-store`; other directives say nothing here. `value`: a comma-separated list, in
// any letter case.
inline CacheUse ReadCacheControl(std::string_view value) {
  if (value.empty()) return CacheUse::kAllow;
  if (ListHas(value, "no-store")) return CacheUse::kNone;
  return ListHas(value, "no-cache") ? CacheUse::kRefresh : CacheUse::kAllow;
}

}  // namespace tensorgate
