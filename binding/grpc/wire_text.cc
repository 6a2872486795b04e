#include "grpc/wire_text.h"

#include <algorithm>

namespace tensorgate {

bool ParseGrpcTimeout(std::string_view text, uint32_t* millis) {
  constexpr size_t kMaxDigits = 8;
  constexpr uint64_t kMost = INT32_MAX;
  if (text.size() < 2 || text.size() > kMaxDigits + 1) return false;
  uint64_t count = 0;
  for (char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return false;
    count = count * 10 + static_cast<uint64_t>(c - '0');
  }
  uint64_t value = 0;
  switch (text.back()) {
    case 'H':
      value = count * 3600 * 1000;
      break;
    case 'M':
      value = count * 60 * 1000;
      break;
    case 'S':
      value = count * 1000;
      break;
    case 'm':
      value = count;
      break;
    case 'u':
      value = (count + 999) / 1000;
      break;
    case 'n':
      value = (count + 999999) / 1000000;
      break;
    default:
      return false;
  }
  *millis = static_cast<uint32_t>(std::clamp<uint64_t>(value, 1, kMost));
  return true;
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const bool is_outer_space = c == ' ' && (i == 0 || i + 1 == text.size());
    if (byte >= 0x20 && byte < 0x7f && byte != '%' && !is_outer_space) {
      encoded += c;
    } else {
      encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace tensorgate
