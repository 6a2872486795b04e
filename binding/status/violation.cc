#include "status/violation.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace tensorgate {
namespace {

constexpr size_t kMaxQuotedBytes = 64;
constexpr std::string_view kCut = "...";

uint8_t ByteAt(std::string_view text, size_t at) { return static_cast<uint8_t>(text[at]); }

// Bytes of the UTF-8 character at the front of `text`; 0 when there is none to show.
size_t CharacterBytes(std::string_view text) {
  const uint8_t first = ByteAt(text, 0);
  if (first < 0x80) return first < 0x20 || first == 0x7f ? 0 : 1;
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  for (size_t i = 1; i < size; ++i) {
    if ((ByteAt(text, i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and beyond U+10FFFF.
  const uint8_t second = ByteAt(text, 1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0) ||
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90)) {
    return 0;
  }
  return size;
}

bool IsIdentifier(std::string_view name) {
  const auto fits = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         name.size() <= kMaxQuotedBytes && std::all_of(name.begin(), name.end(), fits);
}

}  // namespace

std::string FittingText(std::string_view text, size_t max_bytes) {
  std::string fitting;
  size_t room_for_cut = 0;  // how much of `fitting` stands when kCut must follow it
  while (!text.empty()) {
    const size_t size = CharacterBytes(text);
    const std::string_view shown = size == 0 ? std::string_view("?") : text.substr(0, size);
    if (fitting.size() + shown.size() > max_bytes) {
      fitting.resize(room_for_cut);
      return fitting.append(kCut);
    }
    fitting.append(shown);
    if (fitting.size() + kCut.size() <= max_bytes) room_for_cut = fitting.size();
    text.remove_prefix(std::max<size_t>(1, size));
  }
  return fitting;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : FittingText(text, kMaxQuotedBytes)) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string KeyStep(std::string_view name) { return "[" + Quoted(name) + "]"; }

std::string MemberStep(std::string_view name) {
  return IsIdentifier(name) ? "." + std::string(name) : KeyStep(name);
}

std::string IndexStep(size_t index) { return "[" + std::to_string(index) + "]"; }

}  // namespace tensorgate
