// How old a connection becomes: a tenth more or less than what is set, as gRPC has it, so that
// those that were opened together, as after a balancer's start, do not all come back at once.
#pragma once

#include <cstdint>

#include "random/random_numbers.h"

namespace tensorgate {

// UNITS: milliseconds; 0: for ever.
inline uint64_t ConnectionAge(uint64_t max_age, RandomNumbers* numbers) {
  const double tenth = static_cast<double>(max_age) / 10;
  return static_cast<uint64_t>(static_cast<double>(max_age) + tenth * numbers->Number() + 0.5);
}

}  // namespace tensorgate
