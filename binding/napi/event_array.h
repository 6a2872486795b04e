// EventArray: events for JavaScript, one after the other in one flat array. THREAD: JavaScript's.
// REQUIRES: a handle scope is open while it lives.
#pragma once

#include <napi.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "napi/reply.h"
#include "napi/violation_list.h"
#include "status/status.h"

namespace tensorgate {

class EventArray {
 public:
  explicit EventArray(napi_env env) : env_(env) {
    napi_create_array(env, &array_);
    napi_get_null(env, &null_);
  }

  napi_value array() const { return array_; }
  bool is_empty() const { return length_ == 0; }

  void AddNumber(double number) {
    napi_value value;
    napi_create_double(env_, number, &value);
    Add(value);
  }
  void AddNull() { Add(null_); }
  // Each byte becomes a character: for what a client sends as text of HTTP.
  void AddText(std::string_view text) {
    napi_value value;
    napi_create_string_latin1(env_, text.data(), text.size(), &value);
    Add(value);
  }
  void AddUtf8(std::string_view text) {
    napi_value value;
    napi_create_string_utf8(env_, text.data(), text.size(), &value);
    Add(value);
  }
  // UNITS: milliseconds from then on; 0 where there is no such time.
  void AddAge(std::chrono::steady_clock::time_point then) {
    using Millis = std::chrono::duration<double, std::milli>;
    const bool is_none = then == std::chrono::steady_clock::time_point();
    AddNumber(is_none ? 0 : Millis(std::chrono::steady_clock::now() - then).count());
  }
  // A Buffer; large ones are given away.
  void AddBytes(OutputBuffer* bytes) { Add(ReplyValue(env_, bytes, /*is_text=*/false)); }
  // Null for OK.
  void AddFailure(const Status& status) { Add(status.ok() ? null_ : ErrorTuple(env_, status)); }

 private:
  void Add(napi_value value) { napi_set_element(env_, array_, length_++, value); }

  napi_env env_;
  napi_value array_;
  napi_value null_;
  uint32_t length_ = 0;
};

}  // namespace tensorgate
