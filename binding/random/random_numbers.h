// RandomNumbers: xorshift64*, the same numbers on every machine.
#pragma once

#include <cstdint>

namespace tensorgate {

class RandomNumbers {
 public:
  explicit RandomNumbers(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ULL + 1) {}

  uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1dULL;
  }
  // In [-1, 1).
  double Number() { return static_cast<double>(Next() >> 11) * 0x1p-52 - 1.0; }
  // In [0, end). REQUIRES: 1 <= end < 2^32.
  uint64_t Below(uint64_t end) { return (Next() >> 32) * end >> 32; }

 private:
  uint64_t state_;
};

}  // namespace tensorgate
