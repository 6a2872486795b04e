// CacheSettings: what a model's configuration says of its response cache. Plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace tensorgate {

struct CacheSettings {
  size_t max_bytes = 0;             // of each version, keys and bookkeeping included; 0: no cache
  std::chrono::nanoseconds ttl{0};  // how long an answer is kept at most; 0: no limit
  std::vector<std::string> key;     // inputs that count; empty: all
};

inline bool operator==(const CacheSettings& a, const CacheSettings& b) {
  return a.max_bytes == b.max_bytes && a.ttl == b.ttl && a.key == b.key;
}

}  // namespace tensorgate
