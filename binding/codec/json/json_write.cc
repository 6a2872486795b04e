// Number and string printing of replies. Six digits are enough for a value exactly when its
// shortest representation has at most six, so one shortest conversion decides; see WriteFinite.
#include "codec/json/json_write.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "codec/json/float_digits.h"

namespace tensorgate {
namespace {

constexpr int kShortDigits = 6;  // of "%g"

char* Copy(std::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// Digits without trailing zeros, and the power of ten of the first one, laid out as
// "%.<precision>g" does, with ".0" where that would read as an integer.
char* LayOutDigits(std::string_view digits, int exponent, int precision, char* out) {
  if (exponent < -4 || exponent >= precision) {
    *out++ = digits[0];
    if (digits.size() > 1) {
      *out++ = '.';
      out = Copy(digits.substr(1), out);
    }
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    const int power = exponent < 0 ? -exponent : exponent;
    if (power < 10) *out++ = '0';
    return std::to_chars(out, out + 3, power).ptr;
  }
  if (exponent < 0) {
    out = Copy(std::string_view("0.0000").substr(0, static_cast<size_t>(1 - exponent)), out);
    return Copy(digits, out);
  }
  const size_t before_point = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= before_point) {
    out = Copy(digits, out);
    out = Copy(std::string_view("00000000").substr(0, before_point - digits.size()), out);
    return Copy(".0", out);
  }
  out = Copy(digits.substr(0, before_point), out);
  *out++ = '.';
  return Copy(digits.substr(before_point), out);
}

// "%.<precision>g", and ".0" where it shows neither point nor exponent.
template <typename T>
char* LayOutPrecise(T value, int precision, char* out) {
  char* const end =
      std::to_chars(out, out + kMaxJsonNumberBytes, value, std::chars_format::general, precision)
          .ptr;
  for (const char* p = out; p != end; ++p) {
    if (*p == '.' || *p == 'e') return end;
  }
  return Copy(".0", end);
}

// REQUIRES: value > 0, finite.
template <typename T>
char* WriteFinite(T value, char* out) {
  constexpr int kAllDigits = std::numeric_limits<T>::max_digits10;
  if constexpr (std::is_same_v<T, float>) {
    FloatDigits found;
    if (FindFloatDigits(value, &found)) {
      char text[9];
      size_t digits = static_cast<size_t>(std::to_chars(text, text + 9, found.digits).ptr - text);
      while (text[digits - 1] == '0') --digits;
      return LayOutDigits({text, digits}, found.exponent, found.count, out);
    }
  }
  if (value < std::numeric_limits<T>::min()) {
    // Below the normal numbers the reasoning on six digits does not hold: ask the text itself.
    T back = 0;
    char* const end = LayOutPrecise(value, kShortDigits, out);
    std::from_chars(out, end, back);
    return back == value ? end : LayOutPrecise(value, kAllDigits, out);
  }
  char text[kMaxJsonNumberBytes];  // d.ddde-xxx
  const char* const end =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  const char* mark = end - 4;  // where the 'e' is: two or three digits and a sign follow
  if (*mark != 'e') --mark;
  const size_t digits = mark - text == 1 ? 1 : static_cast<size_t>(mark - text) - 1;
  if (digits > kShortDigits) return LayOutPrecise(value, kAllDigits, out);
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  if (digits > 1) text[1] = text[0];
  return LayOutDigits({digits > 1 ? text + 1 : text, digits}, exponent, kShortDigits, out);
}

template <typename T>
char* WriteReal(T value, char* out) {
  if (std::isnan(value)) return Copy("NaN", out);
  if (std::signbit(value)) {
    *out++ = '-';
    value = -value;
  }
  if (value < T{1000000}) {
    const uint32_t whole = static_cast<uint32_t>(value);
    if (static_cast<T>(whole) == value) {
      return Copy(".0", std::to_chars(out, out + 7, whole).ptr);
    }
  }
  if (std::isinf(value)) return Copy("Infinity", out);
  return WriteFinite(value, out);
}

// The letter of the short escape, 'u' for the long one, 0 for a byte that stands for itself.
char EscapeLetter(unsigned char c) {
  if (c >= 0x20) return c == '"' || c == '\\' ? static_cast<char>(c) : '\0';
  switch (c) {
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 'u';
  }
}

}  // namespace

char* WriteJsonFloat(float value, char* out) { return WriteReal(value, out); }
char* WriteJsonDouble(double value, char* out) { return WriteReal(value, out); }

size_t WriteJsonCharacter(char c, char* out) {
  const unsigned char byte = static_cast<unsigned char>(c);
  const char letter = EscapeLetter(byte);
  if (letter == '\0') {
    *out = c;
    return 1;
  }
  *out++ = '\\';
  *out++ = letter;
  if (letter != 'u') return 2;
  *out++ = '0';
  *out++ = '0';
  *out++ = "0123456789ABCDEF"[byte >> 4];
  *out = "0123456789ABCDEF"[byte & 15];
  return 6;
}

void AppendJsonString(std::string_view text, OutputBuffer* out) {
  out->Append('"');
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && EscapeLetter(static_cast<unsigned char>(text[plain])) == '\0') {
      ++plain;
    }
    out->Append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    out->Commit(WriteJsonCharacter(text.front(), out->Ensure(6)));
    text.remove_prefix(1);
  }
  out->Append('"');
}

}  // namespace tensorgate
