#include "napi/tracing_binding.h"

#include <string>

#include "napi/arguments.h"
#include "tracing/trace_sampling.h"

namespace tensorgate {
namespace {

// configureTracing(ratio, followsParent)
void ConfigureTracing(const Napi::CallbackInfo& info) {
  bool follows_parent;
  if (!ReadBool(info, 1, "followsParent", &follows_parent)) return;
  if (!info[0].IsNumber()) {
    ThrowTypeError(info.Env(), "ratio must be a number");
    return;
  }
  TraceSampling::Configure(info[0].As<Napi::Number>().DoubleValue(), follows_parent);
}

// wantsTrace(traceparent): as the native transports decide
Napi::Value WantsTrace(const Napi::CallbackInfo& info) {
  std::string traceparent;
  if (!ReadText(info, 0, &traceparent)) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), TraceSampling::Wants(traceparent));
}

// isTraceparent(text): whether it names a span
Napi::Value IsTraceparent(const Napi::CallbackInfo& info) {
  std::string text;
  if (!ReadText(info, 0, &text)) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), ReadTraceParent(text).valid);
}

}  // namespace

void ExportTracing(Napi::Env env, Napi::Object exports) {
  exports.Set("configureTracing", Napi::Function::New(env, ConfigureTracing, "configureTracing"));
  exports.Set("isTraceparent", Napi::Function::New(env, IsTraceparent, "isTraceparent"));
  exports.Set("wantsTrace", Napi::Function::New(env, WantsTrace, "wantsTrace"));
}

}  // namespace tensorgate
