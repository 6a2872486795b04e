// Functions that the executable may have or not: Node exports libraries of its own to addons, but
// which of their functions differs between versions. Declared weak, they do not keep the addon
// from loading; whoever calls them asks FirstMissing() before.
#pragma once

#include <cstddef>

#define TENSORGATE_WEAK __attribute__((weak, visibility("default")))

// Of a list for FirstMissing().
#define TENSORGATE_NEEDED(function) {#function, &function != nullptr}

namespace tensorgate {

struct WeakSymbol {
  const char* name;
  bool is_there;
};

// Null when all are there.
template <size_t kCount>
const char* FirstMissing(const WeakSymbol (&needed)[kCount]) {
  for (const WeakSymbol& each : needed) {
    if (!each.is_there) return each.name;
  }
  return nullptr;
}

}  // namespace tensorgate
