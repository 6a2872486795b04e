// DumpJson as a walk over the tape with an explicit stack. Every token writes a byte at least, so
// the byte limit bounds the stack as well.
#include "codec/json/json_dump.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include "codec/json/json_write.h"

namespace tensorgate {
namespace {

constexpr size_t kLimitBytes = 256;

// Digits d1..dn and the power of ten behind them, laid out as upstream's JSON library does it:
// plain between 1e-6 and 1e21, else with an exponent that has no '+' and no leading zeros.
void LayOut(const std::string& digits, int power, std::string* out) {
  const int length = static_cast<int>(digits.size());
  const int point = length + power;  // digits before the decimal point
  if (power >= 0 && point <= 21) {
    out->append(digits).append(static_cast<size_t>(power), '0').append(".0");
  } else if (point > 0 && point <= 21) {
    out->append(digits, 0, static_cast<size_t>(point)).append(".");
    out->append(digits, static_cast<size_t>(point));
  } else if (point > -6 && point <= 0) {
    out->append("0.").append(static_cast<size_t>(-point), '0').append(digits);
  } else {
    out->append(digits, 0, 1);
    if (length > 1) out->append(".").append(digits, 1);
    out->append("e").append(std::to_string(point - 1));
  }
}

void AppendDouble(double value, std::string* out) {
  if (std::signbit(value)) out->push_back('-');
  value = std::fabs(value);
  if (value == 0) {
    out->append("0.0");
    return;
  }
  char text[32];  // d.ddde-xxx, the shortest digits that give the value back
  const auto result =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  std::string digits(1, text[0]);
  const char* p = text + 1;
  if (*p == '.') {
    for (++p; *p != 'e'; ++p) digits.push_back(*p);
  }
  ++p;
  int exponent = 0;
  std::from_chars(*p == '+' ? p + 1 : p, result.ptr, exponent);
  LayOut(digits, exponent - static_cast<int>(digits.size()) + 1, out);
}

class Dumper {
 public:
  explicit Dumper(const JsonDocument& document) : document_(document) {}

  std::string Run(size_t root) {
    if (Value(root)) {
      while (!levels_.empty() && Continue()) {
      }
    }
    return std::move(out_);
  }

 private:
  struct Level {
    size_t next;  // node of the next element or name
    size_t left;  // elements or members still to come
    bool object;
    bool empty;
  };

  bool InLimit() const { return out_.size() < kLimitBytes; }

  // One more element or member, or the end of the innermost container. False stops the dump.
  bool Continue() {
    if (!InLimit()) return false;
    Level& level = levels_.back();
    if (level.left == 0) {
      const Level closed = level;
      levels_.pop_back();
      if (closed.object && !closed.empty) NewLine(levels_.size());
      out_.push_back(closed.object ? '}' : ']');
      return true;
    }
    --level.left;
    const size_t at = level.next;
    if (!level.object) {
      if (!level.empty) out_.append(", ");
      level.empty = false;
      level.next = document_.Next(at);
      return Value(at);
    }
    level.next = document_.Next(at + 1);
    if (!level.empty) out_.push_back(',');
    level.empty = false;
    NewLine(levels_.size());
    if (!String(at) || !InLimit()) return false;
    out_.append(": ");
    return Value(at + 1);
  }

  void NewLine(size_t depth) {
    out_.push_back('\n');
    out_.append(4 * depth, ' ');
  }

  bool Value(size_t node) {
    switch (document_.type(node)) {
      case JsonType::kNull:
        out_.append("null");
        return true;
      case JsonType::kFalse:
        out_.append("false");
        return true;
      case JsonType::kTrue:
        out_.append("true");
        return true;
      case JsonType::kObject:
      case JsonType::kArray: {
        const bool object = document_.IsObject(node);
        out_.push_back(object ? '{' : '[');
        levels_.push_back({node + 1, document_.size(node), object, true});
        return true;
      }
      case JsonType::kString:
        return String(node);
      case JsonType::kNumber:
        return Number(document_.number(node));
    }
    return false;
  }

  bool Number(const JsonNumber& number) {
    if (number.is_integer) {
      if (number.negative) out_.push_back('-');
      out_.append(std::to_string(number.magnitude));
      return true;
    }
    if (!std::isfinite(number.real)) return false;
    AppendDouble(number.real, &out_);
    return true;
  }

  // False when the string had to be cut.
  bool String(size_t node) {
    std::string_view raw = document_.string(node).raw;
    const size_t end = out_.size() + kMaxShownStringBytes;
    std::string character;
    out_.push_back('"');
    while (!raw.empty()) {
      if (out_.size() >= end) return false;
      character.clear();
      TakeJsonCharacter(&raw, &character);
      for (const char c : character) {
        char escaped[6];
        out_.append(escaped, WriteJsonCharacter(c, escaped));
      }
    }
    out_.push_back('"');
    return true;
  }

  const JsonDocument& document_;
  std::string out_;
  std::vector<Level> levels_;
};

}  // namespace

std::string DumpJson(const JsonDocument& document, size_t node) {
  return Dumper(document).Run(node);
}

}  // namespace tensorgate
