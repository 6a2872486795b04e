// A random share of what passes by: one load and a comparison where it is none of it or all.
// THREAD: any; each draws numbers of its own.
#pragma once

#include <chrono>
#include <cstdint>

#include "random/random_numbers.h"

namespace tensorgate {

constexpr uint64_t kShareOfAll = UINT64_MAX;

// `rate`: 0 to 1; what is beyond is as the nearer of both.
inline uint64_t ShareThreshold(double rate) {
  if (!(rate > 0)) return 0;
  if (rate >= 1) return kShareOfAll;
  return static_cast<uint64_t>(rate * 0x1p64);  // below 2^64, since `rate` is below 1
}

inline RandomNumbers& RandomNumbersOfThread() {
  thread_local int own;
  thread_local RandomNumbers numbers(
      static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
      reinterpret_cast<uintptr_t>(&own));
  return numbers;
}

// Whether the next one is in the share. REQUIRES: `threshold` as ShareThreshold() gives it.
inline bool InShare(uint64_t threshold) {
  return threshold == kShareOfAll || (threshold != 0 && RandomNumbersOfThread().Next() < threshold);
}

}  // namespace tensorgate
