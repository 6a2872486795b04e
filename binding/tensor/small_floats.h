// The values of the 16-bit floats, which C++17 has no types for. Any thread.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace tensorgate {

// IEEE binary16, as DT_HALF has it.
inline double HalfValue(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int fraction = bits & 0x3ff;
  double value;
  if (exponent == 0x1f) {
    value = fraction == 0 ? HUGE_VAL : NAN;
  } else if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else {
    value = std::ldexp(fraction + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

// The upper half of a float.
inline double Bfloat16Value(uint16_t bits) {
  const uint32_t whole = uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &whole, sizeof(value));
  return static_cast<double>(value);
}

}  // namespace tensorgate
