// Table-driven base64: four characters become three bytes a step. See base64.h for the rules.
#include "codec/json/base64.h"

#include <array>
#include <cstdint>

namespace tensorgate {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNotInAlphabet = 0xff;

constexpr std::array<uint8_t, 256> MakeValues() {
  std::array<uint8_t, 256> values{};
  for (size_t i = 0; i < values.size(); ++i) values[i] = kNotInAlphabet;
  for (uint8_t i = 0; i < 64; ++i) values[static_cast<uint8_t>(kAlphabet[i])] = i;
  return values;
}

constexpr std::array<uint8_t, 256> kValues = MakeValues();

uint32_t ValueOf(char c) { return kValues[static_cast<uint8_t>(c)]; }

}  // namespace

bool DecodeBase64(std::string_view text, std::string* decoded) {
  size_t padding = 0;
  while (padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  text.remove_suffix(padding);
  const size_t tail = text.size() % 4;
  if (tail == 1) return false;
  if (padding > 0 && (tail == 0 || padding != 4 - tail)) return false;

  decoded->resize(text.size() / 4 * 3 + (tail == 0 ? 0 : tail - 1));
  char* out = decoded->data();
  const char* p = text.data();
  for (const char* end = p + (text.size() - tail); p != end; p += 4) {
    const uint32_t a = ValueOf(p[0]), b = ValueOf(p[1]), c = ValueOf(p[2]), d = ValueOf(p[3]);
    if (((a | b | c | d) & 0xc0) != 0) return false;
    const uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    *out++ = static_cast<char>(bits >> 16);
    *out++ = static_cast<char>(bits >> 8);
    *out++ = static_cast<char>(bits);
  }
  if (tail == 0) return true;
  const uint32_t a = ValueOf(p[0]), b = ValueOf(p[1]), c = tail == 3 ? ValueOf(p[2]) : 0;
  if (((a | b | c) & 0xc0) != 0) return false;
  const uint32_t bits = a << 18 | b << 12 | c << 6;
  *out++ = static_cast<char>(bits >> 16);
  if (tail == 3) *out++ = static_cast<char>(bits >> 8);
  return true;
}

char* EncodeBase64(std::string_view data, char* out) {
  const uint8_t* p = reinterpret_cast<const uint8_t*>(data.data());
  const size_t tail = data.size() % 3;
  for (const uint8_t* end = p + (data.size() - tail); p != end; p += 3) {
    const uint32_t bits = uint32_t{p[0]} << 16 | uint32_t{p[1]} << 8 | p[2];
    *out++ = kAlphabet[bits >> 18];
    *out++ = kAlphabet[bits >> 12 & 63];
    *out++ = kAlphabet[bits >> 6 & 63];
    *out++ = kAlphabet[bits & 63];
  }
  if (tail == 0) return out;
  const uint32_t bits = uint32_t{p[0]} << 16 | (tail == 2 ? uint32_t{p[1]} << 8 : 0);
  *out++ = kAlphabet[bits >> 18];
  *out++ = kAlphabet[bits >> 12 & 63];
  *out++ = tail == 2 ? kAlphabet[bits >> 6 & 63] : '=';
  *out++ = '=';
  return out;
}

}  // namespace tensorgate
