#include "napi/warmup_value.h"

#include <utility>

#include "napi/arguments.h"
#include "napi/violation_list.h"

namespace tensorgate {

Napi::Value WarmupValue(Napi::Env env, const WarmupReport& report) {
  Napi::Object synthetic = Napi::Object::New(env);
  synthetic.Set("run", Napi::Number::New(env, report.synthetic.run));
  synthetic.Set("failed", Napi::Number::New(env, report.synthetic.failed));
  synthetic.Set("skipped", Napi::Number::New(env, report.synthetic.skipped));
  synthetic.Set("firstFailure", Napi::String::New(env, report.synthetic.first_failure));
  Napi::Object not_representative = Napi::Object::New(env);
  for (const auto& [signature, why] : report.synthetic.not_representative) {
    not_representative.Set(signature, Napi::String::New(env, why));
  }
  synthetic.Set("notRepresentative", not_representative);
  Napi::Object value = Napi::Object::New(env);
  value.Set("hasFile", Napi::Boolean::New(env, report.has_file));
  value.Set("readThrough", Napi::Boolean::New(env, report.read_through));
  value.Set("records", Napi::Number::New(env, report.records));
  value.Set("micros", Napi::Number::New(env, static_cast<double>(report.micros)));
  value.Set("synthetic", synthetic);
  value.Set("failure", report.status.ok() ? env.Null() : ErrorTuple(env, report.status));
  return value;
}

bool ReadWarmup(Napi::Env env, const Napi::Value& given, const std::string& path,
                std::optional<WarmupOptions>* out) {
  if (given.IsNull()) return true;
  if (!given.IsObject()) return ThrowTypeError(env, "warmup must be an object or null");
  const Napi::Object object = given.As<Napi::Object>();
  WarmupOptions options;
  options.path = path;
  if (napi_get_value_uint32(env, object.Get("iterations"), &options.iterations) != napi_ok ||
      napi_get_value_bool(env, object.Get("synthetic"), &options.synthetic) != napi_ok) {
    return ThrowTypeError(env, "warmup must have a number iterations and a boolean synthetic");
  }
  const Napi::Value rows = object.Get("batchRows");
  if (!rows.IsArray()) return ThrowTypeError(env, "warmup must have an array batchRows");
  const Napi::Array list = rows.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    int64_t count;
    if (napi_get_value_int64(env, list.Get(i), &count) != napi_ok || count < 1) {
      return ThrowTypeError(env, "batchRows must be numbers from 1 on");
    }
    options.batch_rows.push_back(count);
  }
  *out = std::move(options);
  return true;
}

}  // namespace tensorgate
