// With value = m * 2^e, m of 24 bits: scaled = m * 5^k is an integer of 128 bits at most, and
// value * 10^k = scaled * 2^(e + k). For k = 8 - exponent this has nine digits before the point,
// and what lies behind the point is known exactly, so rounding and comparing are exact too.
#include "codec/json/float_digits.h"

#include <array>
#include <cstring>

namespace tensorgate {
namespace {

__extension__ typedef unsigned __int128 Uint128;

constexpr int kLargestPower = 44;  // 2^24 * 5^44 < 2^127

constexpr std::array<Uint128, kLargestPower + 1> MakePowersOfFive() {
  std::array<Uint128, kLargestPower + 1> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 5;
  return powers;
}

constexpr std::array<Uint128, kLargestPower + 1> kPowersOfFive = MakePowersOfFive();

// Does rounding `whole` halves up? `above`: more than half is cut off; `tie`: exactly half.
uint32_t RoundHalfEven(uint32_t whole, bool above, bool tie) {
  return whole + (above || (tie && whole % 2 == 1) ? 1 : 0);
}

}  // namespace

bool FindFloatDigits(float value, FloatDigits* result) {
  if (!(value >= 1e-36f && value < 1e9f)) return false;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t mantissa = (bits & 0x7fffff) | 0x800000;
  const int binary_exponent = static_cast<int>(bits >> 23) - 150;

  // floor(log10) of the power of two below the value: right, or one too small.
  int exponent = ((binary_exponent + 23) * 1233) >> 12;
  Uint128 scaled = 0;
  int behind = 0;  // bits of `scaled` behind the point
  Uint128 whole = 0;
  while (true) {
    const int power = 8 - exponent;
    if (power < 0 || power > kLargestPower) return false;
    scaled = mantissa * kPowersOfFive[static_cast<size_t>(power)];
    behind = -(binary_exponent + power);
    if (behind < 0) {
      scaled <<= -behind;
      behind = 0;
    }
    whole = scaled >> behind;
    if (whole < 1000000000) break;
    ++exponent;
  }
  const uint32_t nine = static_cast<uint32_t>(whole);
  const Uint128 rest = scaled - (whole << behind);

  // Six digits, and how far they are from the value, in units of scaled * 2^0.
  const uint32_t cut = nine % 1000;
  const uint32_t six =
      RoundHalfEven(nine / 1000, cut > 500 || (cut == 500 && rest != 0), cut == 500 && rest == 0);
  const Uint128 read_back = static_cast<Uint128>(six * 1000) << behind;
  const bool below = read_back < scaled;
  const Uint128 distance = below ? scaled - read_back : read_back - scaled;
  // The step to the next float is 2^e, that is 5^k here (shifted as `scaled` was); the step down
  // from a power of two is half of it.
  const int shift = binary_exponent + 8 - exponent;
  const Uint128 step = kPowersOfFive[static_cast<size_t>(8 - exponent)] << (shift > 0 ? shift : 0);
  const Uint128 reach = below && mantissa == 0x800000 ? distance * 4 : distance * 2;
  if (reach < step || (reach == step && mantissa % 2 == 0)) {
    const bool carried = six == 1000000;
    *result = {carried ? 100000 : six, 6, exponent + (carried ? 1 : 0)};
    return true;
  }
  const Uint128 half = behind > 0 ? static_cast<Uint128>(1) << (behind - 1) : 0;
  const uint32_t rounded =
      RoundHalfEven(nine, behind > 0 && rest > half, behind > 0 && rest == half);
  const bool carried = rounded == 1000000000;
  *result = {carried ? 100000000 : rounded, 9, exponent + (carried ? 1 : 0)};
  return true;
}

}  // namespace tensorgate
