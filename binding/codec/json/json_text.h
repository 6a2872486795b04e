// The words of JSON text: blanks, numbers, strings, skipped values. Shared by the single-pass
// decoder, which only asks "well-formed?", and by the document parser, which needs upstream's
// reason and place of an error. Reads borrowed bytes, owns nothing; any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace tensorgate {

// Why and where scanning stopped. `reason` is upstream's text and lives forever.
struct JsonTextError {
  const char* reason = nullptr;
  const char* at = nullptr;
};

constexpr char kJsonInvalidValue[] = "Invalid value.";

// An integer literal that fits 64 bits keeps its digits; everything else is a double.
struct JsonNumber {
  bool is_integer = false;
  bool negative = false;   // integers only; never set for zero: "-0" is integer 0
  uint64_t magnitude = 0;  // integers only; at most 2^63 when negative
  double real = 0;         // valid when !is_integer

  double ToDouble() const {
    if (!is_integer) return real;
    return negative ? -static_cast<double>(magnitude) : static_cast<double>(magnitude);
  }
  bool FitsInt64() const { return is_integer && (negative || magnitude <= uint64_t{INT64_MAX}); }
  bool FitsInt32() const {
    return is_integer && magnitude <= uint64_t{INT32_MAX} + (negative ? 1 : 0);
  }
  bool FitsUint64() const { return is_integer && !negative; }
  bool FitsUint32() const { return FitsUint64() && magnitude <= UINT32_MAX; }
  int64_t ToInt64() const {  // REQUIRES: FitsInt64()
    return static_cast<int64_t>(negative ? uint64_t{0} - magnitude : magnitude);
  }
};

inline const char* SkipJsonBlanks(const char* p, const char* end) {
  while (p != end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) ++p;
  return p;
}

// Skips a byte order mark; upstream skips each of its three bytes on its own.
inline const char* SkipJsonByteOrderMark(const char* p, const char* end) {
  for (const char mark : {'\xef', '\xbb', '\xbf'}) {
    if (p != end && *p == mark) ++p;
  }
  return p;
}

// The complete number grammar with upstream's errors. Moves *cursor past the number on success.
[[nodiscard]] bool ParseJsonNumberSlow(const char** cursor, const char* end, JsonNumber* number,
                                       JsonTextError* error);

// Powers of ten that a double holds exactly.
extern const double kExactPowersOfTen[23];

// mantissa / 10^power, correctly rounded. REQUIRES: mantissa > 0, 0 <= power and at most the
// largest.
constexpr int kLargestQuotientPower = 27;  // 5^27 < 2^64
double DivideByPowerOfTen(uint64_t mantissa, int power);

// As ParseJsonNumberSlow, with the usual numbers handled here, of at most 19 digits: those whose
// digits and power of ten a double holds exactly take one correctly rounded operation, other
// fractions one division of integers.
[[nodiscard]] inline bool ParseJsonNumber(const char** cursor, const char* end, JsonNumber* number,
                                          JsonTextError* error) {
  const char* p = *cursor;
  const bool negative = p != end && *p == '-';
  if (negative) ++p;
  const char* const digits = p;
  uint64_t mantissa = 0;
  const auto take_digits = [&p, end, &mantissa] {
    const char* const start = p;
    for (; p != end; ++p) {
      const unsigned digit = static_cast<unsigned char>(*p) - unsigned{'0'};
      if (digit > 9) break;
      mantissa = mantissa * 10 + digit;  // wraps beyond 19 digits, which the slow way handles
    }
    return p - start;
  };
  const std::ptrdiff_t integer_digits = take_digits();
  if (integer_digits == 0 || integer_digits > 19 || (*digits == '0' && integer_digits > 1)) {
    return ParseJsonNumberSlow(cursor, end, number, error);
  }
  std::ptrdiff_t fraction_digits = 0;
  if (p != end && *p == '.') {
    ++p;
    fraction_digits = take_digits();
    if (fraction_digits == 0 || integer_digits + fraction_digits > 19) {
      return ParseJsonNumberSlow(cursor, end, number, error);
    }
  } else if (p == end || (*p != 'e' && *p != 'E')) {
    if (negative && mantissa > uint64_t{1} << 63) {
      return ParseJsonNumberSlow(cursor, end, number, error);
    }
    number->is_integer = true;
    number->negative = negative && mantissa != 0;
    number->magnitude = mantissa;
    *cursor = p;
    return true;
  }
  int exponent = 0;
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool below = p != end && *p == '-';
    if (p != end && (*p == '-' || *p == '+')) ++p;
    const char* const start = p;
    while (p != end && *p >= '0' && *p <= '9' && p - start < 3)
      exponent = exponent * 10 + (*p++ - '0');
    if (p == start || p - start == 3) return ParseJsonNumberSlow(cursor, end, number, error);
    if (below) exponent = -exponent;
  }
  exponent -= static_cast<int>(fraction_digits);
  double value = static_cast<double>(static_cast<int64_t>(mantissa));
  if (mantissa <= uint64_t{1} << 53 && exponent >= -22 && exponent <= 22) {
    if (exponent < 0) {
      value /= kExactPowersOfTen[-exponent];
    } else {
      value *= kExactPowersOfTen[exponent];
    }
  } else if (exponent < 0 && exponent >= -kLargestQuotientPower && mantissa != 0) {
    value = DivideByPowerOfTen(mantissa, -exponent);
  } else {
    return ParseJsonNumberSlow(cursor, end, number, error);
  }
  number->is_integer = false;
  number->real = negative ? -value : value;
  *cursor = p;
  return true;
}

// What stands between the quotes of a string, escapes as written.
struct JsonString {
  std::string_view raw;
  bool escaped = false;  // raw holds backslashes, each of them a valid escape
};

// REQUIRES: *cursor stands behind the opening quote. Moves it past the closing one.
[[nodiscard]] bool ParseJsonString(const char** cursor, const char* end, JsonString* string,
                                   JsonTextError* error);

// One character of a parsed string: takes a byte or a whole escape from the front of `raw`, appends
// its 1 to 4 bytes to `out`. REQUIRES: `raw` is not empty and comes from ParseJsonString.
void TakeJsonCharacter(std::string_view* raw, std::string* out);

// Appends the value of `string` to `out`.
void AppendJsonStringValue(const JsonString& string, std::string* out);

// true, false, null. REQUIRES: *cursor stands at the first letter of `word`. Moves past `word`.
[[nodiscard]] bool ParseJsonWord(const char** cursor, const char* end, std::string_view word,
                                 JsonTextError* error);

// Moves *cursor past one well-formed value, whatever it is. No recursion and a fixed amount of
// memory: false also when the value nests deeper than a few thousand levels.
[[nodiscard]] bool SkipJsonValue(const char** cursor, const char* end);

}  // namespace tensorgate
