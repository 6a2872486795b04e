// Scanning of JSON words. Error reasons and offsets are upstream's (rapidjson 1.1.0), and so is the
// reading of a NUL byte as the end of the text.
#include "codec/json/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <system_error>

namespace tensorgate {

const double kExactPowersOfTen[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

namespace {

constexpr char kNumberTooBig[] = "Number too big to be stored in double.";
constexpr char kBadEscape[] = "Invalid escape character in string.";
constexpr char kBadHex[] = "Incorrect hex digit after \\u escape in string.";
constexpr char kBadSurrogate[] = "The surrogate pair in string is invalid.";
constexpr char kOpenString[] = "Missing a closing quotation mark in string.";

bool Fail(const char* reason, const char* at, JsonTextError* error) {
  error->reason = reason;
  error->at = at;
  return false;
}

bool IsDigit(const char* p, const char* end) { return p != end && *p >= '0' && *p <= '9'; }

const char* SkipDigits(const char* p, const char* end) {
  while (IsDigit(p, end)) ++p;
  return p;
}

__extension__ typedef unsigned __int128 Uint128;

struct NormalizedPower {
  uint64_t value = 0;  // 5^i << shift, its top bit set
  int shift = 0;
};

constexpr std::array<NormalizedPower, kLargestQuotientPower + 1> NormalizedPowersOfFive() {
  std::array<NormalizedPower, kLargestQuotientPower + 1> powers{};
  uint64_t power = 1;
  for (NormalizedPower& entry : powers) {
    entry = {power, 0};
    while (entry.value >> 63 == 0) {
      entry.value <<= 1;
      ++entry.shift;
    }
    power *= 5;  // wraps behind the last entry only
  }
  return powers;
}

constexpr std::array<NormalizedPower, kLargestQuotientPower + 1> kNormalizedPowersOfFive =
    NormalizedPowersOfFive();

// Upstream gives up on an integer part once one more digit would pass the largest double, even if a
// negative exponent followed.
bool IntegerPartTooBig(std::string_view digits) {
  if (digits.size() <= 308) return false;
  uint64_t head = 0;
  for (const char c : digits.substr(0, 19)) head = head * 10 + static_cast<uint64_t>(c - '0');
  double value = static_cast<double>(head);
  for (const char c : digits.substr(19)) {
    if (value >= 1.7976931348623157e307) return true;
    value = value * 10 + (c - '0');
  }
  return false;
}

// How many digits of the fraction upstream takes into its significand; the rest it drops.
int TakenFractionDigits(std::string_view integer, std::string_view fraction) {
  constexpr uint64_t kLargest = (uint64_t{1} << 53) - 1;
  uint64_t significand = 0;
  for (const char c : integer) {
    if (significand <= kLargest) significand = significand * 10 + static_cast<uint64_t>(c - '0');
  }
  size_t digits = integer.size() - 1;
  size_t taken = 0;
  while (taken < fraction.size() && (significand <= kLargest || digits < 17)) {
    if (significand <= kLargest) {
      significand = significand * 10 + static_cast<uint64_t>(fraction[taken] - '0');
    }
    ++taken;
    if (significand != 0) ++digits;
  }
  return static_cast<int>(taken < 100000000 ? taken : 100000000);
}

// NaN, Inf, Infinity. REQUIRES: *p is 'N' or 'I'.
bool ParseNotFinite(const char** cursor, const char* end, bool negative, double* value,
                    JsonTextError* error) {
  const char* p = *cursor;
  const auto take = [&p, end](std::string_view word) {
    for (const char c : word) {
      if (p == end || *p != c) return false;
      ++p;
    }
    return true;
  };
  if (*p == 'N') {
    if (!take("NaN")) return Fail(kJsonInvalidValue, p, error);
    *value = std::numeric_limits<double>::quiet_NaN();
  } else {
    if (!take("Inf")) return Fail(kJsonInvalidValue, p, error);
    if (p != end && *p == 'i' && !take("inity")) return Fail(kJsonInvalidValue, p, error);
    *value = std::numeric_limits<double>::infinity();
    if (negative) *value = -*value;
  }
  *cursor = p;
  return true;
}

// The value of a number without its sign. ERRORS: false when it is beyond the largest double.
bool ToDouble(std::string_view text, std::string_view integer, std::string_view fraction,
              int exponent, double* value) {
  if (IntegerPartTooBig(integer)) return false;
  if (exponent > 308 && exponent > 308 + TakenFractionDigits(integer, fraction)) return false;
  *value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), *value);
  if (result.ec == std::errc()) return true;
  // Out of range, one way or the other: look at the power of ten of the leading digit.
  const size_t in_integer = integer.find_first_not_of('0');
  const size_t in_fraction = fraction.find_first_not_of('0');
  const int64_t power = in_integer != std::string_view::npos
                            ? static_cast<int64_t>(integer.size() - in_integer)
                            : -static_cast<int64_t>(in_fraction);
  *value = 0;
  return power + exponent < 0;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hex digits behind "\u"; -1 when they are not there.
int ReadHex4(const char* p, const char* end) {
  if (end - p < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexValue(p[i]);
    if (digit < 0) return -1;
    value = value << 4 | digit;
  }
  return value;
}

bool IsHighSurrogate(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool IsLowSurrogate(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

char SimpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

// Checks the escape at *cursor, which is a backslash, and moves past it.
bool CheckEscape(const char** cursor, const char* end, JsonTextError* error) {
  const char* const start = *cursor;
  const char* p = start + 1;
  if (p == end) return Fail(kBadEscape, start, error);
  if (*p != 'u') {
    if (SimpleEscape(*p) == '\0') return Fail(kBadEscape, start, error);
    *cursor = p + 1;
    return true;
  }
  const int unit = ReadHex4(++p, end);
  if (unit < 0) return Fail(kBadHex, start, error);
  p += 4;
  if (IsHighSurrogate(unit)) {
    if (end - p < 2 || p[0] != '\\' || p[1] != 'u') return Fail(kBadSurrogate, start, error);
    p += 2;
    const int low = ReadHex4(p, end);
    if (low < 0) return Fail(kBadHex, start, error);
    if (!IsLowSurrogate(low)) return Fail(kBadSurrogate, start, error);
    p += 4;
  }
  *cursor = p;
  return true;
}

// The first quote, backslash or control character; `end` when there is none. Eight bytes a step.
const char* FindSpecial(const char* p, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHigh = 0x8080808080808080;
  while (end - p >= 8) {
    uint64_t bytes;
    std::memcpy(&bytes, p, 8);
    const uint64_t quote = bytes ^ (kOnes * '"');
    const uint64_t slash = bytes ^ (kOnes * '\\');
    const uint64_t found =
        ((bytes - kOnes * 0x20) & ~bytes) | ((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash);
    if ((found & kHigh) != 0) break;
    p += 8;
  }
  while (p != end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20) ++p;
  return p;
}

void AppendUtf8(uint32_t code, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

}  // namespace

double DivideByPowerOfTen(uint64_t mantissa, int power) {
  // Both sides with their top bit set, the quotient then has 63 or 64 bits; with the remainder it
  // says exactly how to round.
  const NormalizedPower& five = kNormalizedPowersOfFive[static_cast<size_t>(power)];
  const int shift = __builtin_clzll(mantissa);
  const Uint128 dividend = static_cast<Uint128>(mantissa << shift) << 63;
  const uint64_t quotient = static_cast<uint64_t>(dividend / five.value);
  const bool rest = static_cast<Uint128>(quotient) * five.value != dividend;
  const int cut_bits = quotient >> 63 != 0 ? 11 : 10;
  const uint64_t half = uint64_t{1} << (cut_bits - 1);
  const uint64_t cut = quotient & (2 * half - 1);
  uint64_t rounded = quotient >> cut_bits;
  if (cut > half || (cut == half && (rest || rounded % 2 == 1))) ++rounded;
  const int exponent = cut_bits - 63 + five.shift - shift - power;
  // 1e-27 and above: far from the subnormal numbers, so the exponent can be added to the bits.
  double value = static_cast<double>(static_cast<int64_t>(rounded));
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  bits += static_cast<uint64_t>(static_cast<int64_t>(exponent)) << 52;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

bool ParseJsonNumberSlow(const char** cursor, const char* end, JsonNumber* number,
                         JsonTextError* error) {
  const char* const start = *cursor;
  const char* p = start;
  const bool negative = p != end && *p == '-';
  if (negative) ++p;
  number->is_integer = false;
  if (p != end && (*p == 'N' || *p == 'I')) {
    *cursor = p;
    if (!ParseNotFinite(cursor, end, negative, &number->real, error)) return false;
    return true;
  }
  if (!IsDigit(p, end)) return Fail(kJsonInvalidValue, p, error);
  const char* const unsigned_start = p;
  p = *p == '0' ? p + 1 : SkipDigits(p, end);  // a second digit behind 0 is no part of the number
  const std::string_view integer(unsigned_start, static_cast<size_t>(p - unsigned_start));
  std::string_view fraction;
  bool real = false;
  if (p != end && *p == '.') {
    if (IntegerPartTooBig(integer)) return Fail(kNumberTooBig, start, error);
    const char* const fraction_start = ++p;
    if (!IsDigit(p, end)) return Fail("Miss fraction part in number.", p, error);
    p = SkipDigits(p, end);
    fraction = std::string_view(fraction_start, static_cast<size_t>(p - fraction_start));
    real = true;
  }
  int exponent = 0;
  if (p != end && (*p == 'e' || *p == 'E')) {
    if (IntegerPartTooBig(integer)) return Fail(kNumberTooBig, start, error);
    ++p;
    const bool below = p != end && *p == '-';
    if (p != end && (*p == '-' || *p == '+')) ++p;
    if (!IsDigit(p, end)) return Fail("Miss exponent in number.", p, error);
    for (; IsDigit(p, end); ++p) {
      if (exponent < 100000000) exponent = exponent * 10 + (*p - '0');
    }
    if (below) exponent = -exponent;
    real = true;
  }
  if (!real) {
    uint64_t magnitude = 0;
    const auto result = std::from_chars(unsigned_start, p, magnitude);
    if (result.ec == std::errc() && (!negative || magnitude <= uint64_t{1} << 63)) {
      number->is_integer = true;
      number->negative = negative && magnitude != 0;
      number->magnitude = magnitude;
      *cursor = p;
      return true;
    }
  }
  const std::string_view text(unsigned_start, static_cast<size_t>(p - unsigned_start));
  if (!ToDouble(text, integer, fraction, exponent, &number->real)) {
    return Fail(kNumberTooBig, start, error);
  }
  if (negative) number->real = -number->real;
  *cursor = p;
  return true;
}

bool ParseJsonString(const char** cursor, const char* end, JsonString* string,
                     JsonTextError* error) {
  const char* const start = *cursor;
  const char* p = start;
  string->escaped = false;
  while (true) {
    p = FindSpecial(p, end);
    if (p == end || *p == '\0') return Fail(kOpenString, p, error);
    if (*p == '"') break;
    if (*p != '\\') return Fail(kBadEscape, p, error);
    string->escaped = true;
    if (!CheckEscape(&p, end, error)) return false;
  }
  string->raw = std::string_view(start, static_cast<size_t>(p - start));
  *cursor = p + 1;
  return true;
}

void TakeJsonCharacter(std::string_view* raw, std::string* out) {
  const char* p = raw->data();
  if (*p != '\\') {
    out->push_back(*p);
    raw->remove_prefix(1);
    return;
  }
  if (p[1] != 'u') {
    out->push_back(SimpleEscape(p[1]));
    raw->remove_prefix(2);
    return;
  }
  const char* const end = p + raw->size();
  const uint32_t unit = static_cast<uint32_t>(ReadHex4(p + 2, end));
  if (!IsHighSurrogate(static_cast<int>(unit))) {
    AppendUtf8(unit, out);  // a lone low surrogate too: upstream lets it through
    raw->remove_prefix(6);
    return;
  }
  const uint32_t low = static_cast<uint32_t>(ReadHex4(p + 8, end));
  AppendUtf8(((unit - 0xd800) << 10 | (low - 0xdc00)) + 0x10000, out);
  raw->remove_prefix(12);
}

void AppendJsonStringValue(const JsonString& string, std::string* out) {
  if (!string.escaped) {
    out->append(string.raw);
    return;
  }
  std::string_view raw = string.raw;
  out->reserve(out->size() + raw.size());
  while (!raw.empty()) {
    const size_t plain = std::min(raw.find('\\'), raw.size());
    out->append(raw.substr(0, plain));
    raw.remove_prefix(plain);
    if (!raw.empty()) TakeJsonCharacter(&raw, out);
  }
}

bool ParseJsonWord(const char** cursor, const char* end, std::string_view word,
                   JsonTextError* error) {
  const char* p = *cursor;
  for (const char c : word) {
    if (p == end || *p != c) return Fail(kJsonInvalidValue, p, error);
    ++p;
  }
  *cursor = p;
  return true;
}

}  // namespace tensorgate
