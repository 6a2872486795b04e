#include "napi/rows_value.h"

#include <string>

#include "napi/arguments.h"

namespace tensorgate {

Napi::Value SignatureRowsValue(Napi::Env env, const std::vector<SignatureRows>& results) {
  Napi::Array value = Napi::Array::New(env, results.size());
  for (uint32_t i = 0; i < results.size(); ++i) {
    Napi::Array entry = Napi::Array::New(env, 5);
    entry.Set(0u, Napi::String::New(env, results[i].signature));
    entry.Set(1u, Napi::String::New(env, results[i].refusal));
    entry.Set(2u, Napi::Boolean::New(env, results[i].is_proven));
    entry.Set(3u, Napi::Number::New(env, static_cast<double>(results[i].one_row.count())));
    entry.Set(4u, Napi::Number::New(env, static_cast<double>(results[i].two_rows.count())));
    value.Set(i, entry);
  }
  return value;
}

bool ReadRowPolicy(Napi::Env env, const Napi::Value& given, std::optional<RowPolicy>* out) {
  if (given.IsNull()) return true;
  const std::string name = given.IsString() ? given.As<Napi::String>().Utf8Value() : "";
  if (name == "prove") {
    *out = RowPolicy::kProve;
  } else if (name == "assume-independent") {
    *out = RowPolicy::kAssumeIndependent;
  } else {
    return ThrowTypeError(env, "rows must be null, 'prove' or 'assume-independent'");
  }
  return true;
}

}  // namespace tensorgate
