// The one clock of the load generator.
#pragma once

#include <time.h>

#include <cstdint>

namespace tensorgate::load {

constexpr int64_t kNanosPerSecond = 1000000000;

// UNITS: nanoseconds of CLOCK_MONOTONIC; a few tens of nanoseconds per call (vDSO).
inline int64_t NowNanos() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kNanosPerSecond + now.tv_nsec;
}

}  // namespace tensorgate::load
