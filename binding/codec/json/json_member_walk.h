// MemberWalk: passes over the members of one JSON object without a document of it. Borrows the
// text; any thread.
#pragma once

#include <string_view>

#include "codec/json/json_text.h"

namespace tensorgate {

// The members of one object, in order, as the cursor moves through it. Every name is expected to
// stand there without escapes.
class MemberWalk {
 public:
  // REQUIRES: **cursor is '{'.
  MemberWalk(const char** cursor, const char* end) : cursor_(cursor), end_(end) {}

  // Moves the cursor to the value of the next member. REQUIRES: since the last call, the cursor was
  // moved past that member's value. False: at the end of the object, the cursor past its brace, or
  // when something is wrong.
  bool Next(std::string_view* name) {
    const char*& p = *cursor_;
    p = SkipJsonBlanks(p, end_);
    if (p == end_) return Stop();
    if (!first_ && *p == '}') return Done();
    if (!first_ && *p != ',') return Stop();
    p = SkipJsonBlanks(p + 1, end_);
    if (p == end_) return Stop();
    if (first_ && *p == '}') return Done();
    first_ = false;
    if (*p != '"') return Stop();
    ++p;
    JsonString string;
    JsonTextError error;
    if (!ParseJsonString(&p, end_, &string, &error) || string.escaped) return Stop();
    *name = string.raw;
    p = SkipJsonBlanks(p, end_);
    if (p == end_ || *p != ':') return Stop();
    p = SkipJsonBlanks(p + 1, end_);
    return p != end_ || Stop();
  }

  // After Next said no: was it the end of a well-formed object?
  bool ok() const { return ok_; }

 private:
  bool Done() {
    ++*cursor_;
    return false;
  }
  bool Stop() {
    ok_ = false;
    return false;
  }

  const char** const cursor_;
  const char* const end_;
  bool first_ = true;
  bool ok_ = true;
};

}  // namespace tensorgate
