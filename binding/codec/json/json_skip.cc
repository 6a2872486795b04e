// SkipJsonValue: checks and passes over a value that nobody reads. One bit a nesting level, in a
// fixed array on the stack, says whether the level is an object.
#include <cstdint>

#include "codec/json/json_text.h"

namespace tensorgate {
namespace {

constexpr int kMaxSkippedDepth = 4096;

// The open brackets of the value being skipped.
class Nesting {
 public:
  int depth() const { return depth_; }
  bool Push(bool object) {
    if (depth_ == kMaxSkippedDepth) return false;
    const uint64_t bit = uint64_t{1} << (depth_ % 64);
    if (object) {
      bits_[depth_ / 64] |= bit;
    } else {
      bits_[depth_ / 64] &= ~bit;
    }
    ++depth_;
    return true;
  }
  void Pop() { --depth_; }
  bool InObject() const { return (bits_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64) & 1) != 0; }

 private:
  int depth_ = 0;
  uint64_t bits_[kMaxSkippedDepth / 64];  // only the first depth_ bits hold anything
};

bool SkipScalar(const char** cursor, const char* end) {
  JsonTextError error;
  switch (**cursor) {
    case '"': {
      JsonString string;
      ++*cursor;
      return ParseJsonString(cursor, end, &string, &error);
    }
    case 't':
      return ParseJsonWord(cursor, end, "true", &error);
    case 'f':
      return ParseJsonWord(cursor, end, "false", &error);
    case 'n':
      return ParseJsonWord(cursor, end, "null", &error);
    default: {
      JsonNumber number;
      return ParseJsonNumber(cursor, end, &number, &error);
    }
  }
}

// A member's name and colon. REQUIRES: *cursor stands where the name should be.
bool SkipName(const char** cursor, const char* end) {
  const char* p = SkipJsonBlanks(*cursor, end);
  if (p == end || *p != '"') return false;
  if (!SkipScalar(&p, end)) return false;
  p = SkipJsonBlanks(p, end);
  if (p == end || *p != ':') return false;
  *cursor = p + 1;
  return true;
}

}  // namespace

bool SkipJsonValue(const char** cursor, const char* end) {
  Nesting nesting;
  const char* p = *cursor;
  while (true) {
    // A value starts here.
    p = SkipJsonBlanks(p, end);
    if (p == end) return false;
    if (*p == '[' || *p == '{') {
      const bool object = *p == '{';
      if (!nesting.Push(object)) return false;
      p = SkipJsonBlanks(p + 1, end);
      if (p == end) return false;
      if (*p != (object ? '}' : ']')) {
        if (object && !SkipName(&p, end)) return false;
        continue;
      }
      ++p;
      nesting.Pop();
    } else if (!SkipScalar(&p, end)) {
      return false;
    }
    // A value ended here: close what ends with it, up to the next comma.
    while (true) {
      if (nesting.depth() == 0) {
        *cursor = p;
        return true;
      }
      p = SkipJsonBlanks(p, end);
      if (p == end) return false;
      const bool object = nesting.InObject();
      if (*p == ',') {
        ++p;
        if (object && !SkipName(&p, end)) return false;
        break;
      }
      if (*p != (object ? '}' : ']')) return false;
      ++p;
      nesting.Pop();
    }
  }
}

}  // namespace tensorgate
