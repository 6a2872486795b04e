#include "http1/request_head.h"

#include <algorithm>

namespace tensorgate {
namespace {

constexpr size_t kKeptBytes = 2048;

char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view RequestHead::Field(std::string_view name) const {
  std::string_view found;
  VisitFields([&](std::string_view each, std::string_view value) {
    if (each != name) return false;
    found = value;
    return true;
  });
  return found;
}

void RequestHead::Clear() {
  std::string kept_target = std::move(target);
  std::string kept_fields = std::move(fields);
  *this = RequestHead();
  for (std::string* text : {&kept_target, &kept_fields}) {
    text->clear();
    if (text->capacity() > kKeptBytes) text->shrink_to_fit();
  }
  target = std::move(kept_target);
  fields = std::move(kept_fields);
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return LowerCase(x) == LowerCase(y);
         });
}

bool ListHas(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    if (EqualsIgnoringCase(Trimmed(list.substr(0, comma)), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace tensorgate
