#include "napi/violation_list.h"

#include <string>

namespace tensorgate {

napi_value ViolationList(napi_env env, const Status& status) {
  napi_value list;
  if (status.violations().empty()) {
    napi_get_null(env, &list);
    return list;
  }
  napi_create_array_with_length(env, status.violations().size() * 2, &list);
  uint32_t index = 0;
  const auto add = [&](const std::string& utf8) {
    napi_value text;
    napi_create_string_utf8(env, utf8.data(), utf8.size(), &text);
    napi_set_element(env, list, index++, text);
  };
  for (const Violation& violation : status.violations()) {
    add(violation.field);
    add(violation.description);
  }
  return list;
}

Napi::Value ErrorTuple(Napi::Env env, const Status& status) {
  Napi::Array tuple = Napi::Array::New(env, 3);
  tuple.Set(0u, Napi::Number::New(env, static_cast<int>(status.code())));
  tuple.Set(1u, Napi::String::New(env, status.message()));
  tuple.Set(2u, ViolationList(env, status));
  return tuple;
}

}  // namespace tensorgate
