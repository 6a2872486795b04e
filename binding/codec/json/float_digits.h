// The decimal digits that printing a float needs, by exact integer arithmetic: ten times faster
// than the general conversions, for the floats that models put out. No state; any thread.
#pragma once

#include <cstdint>

namespace tensorgate {

struct FloatDigits {
  uint32_t digits = 0;  // `count` decimal digits, the first one not 0, correctly rounded
  int count = 0;        // 6 when these give the float back, else 9
  int exponent = 0;     // the power of ten of the first digit
};

// ERRORS: false outside [1e-36, 1e9), where the integers would not fit.
// REQUIRES: value is positive and finite.
[[nodiscard]] bool FindFloatDigits(float value, FloatDigits* result);

}  // namespace tensorgate
