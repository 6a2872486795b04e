#include "napi/shadow_binding.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "call/shadow.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/inference_binding.h"
#include "napi/kept_bytes.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// A shadow run that found no idle thread for this long is dropped rather than run.
constexpr std::chrono::seconds kMostWait{10};

// Keeps body and reply by references until it is delivered; the reply may be a string, which is
// copied.
class ShadowJob : public AsyncJob {
 public:
  ShadowJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue,
            std::unique_ptr<InferenceCall> call, Method method, double tolerance)
      : AsyncJob(slot, std::move(queue)),
        call_(std::move(call)),
        method_(method),
        tolerance_(tolerance) {}

  void SetBody(napi_env env, napi_value value, std::string_view body) {
    body_.Keep(env, value, body);
  }

  // `value` is null for an error, a string or bytes. False when it is none of these.
  bool SetPrimary(Napi::Value value, Code code, bool is_json) {
    primary_.code = code;
    primary_.is_json = is_json;
    if (value.IsNull()) return code != Code::kOk;
    if (value.IsString()) {
      text_ = value.As<Napi::String>().Utf8Value();
      primary_.reply = text_;
      return true;
    }
    if (!BytesOf(value.Env(), value, &primary_.reply)) return false;
    reply_.Keep(value.Env(), value, primary_.reply);
    return true;
  }

  // [outcome, detail]; outcome null: it came too late to be run.
  napi_value TakeValue(napi_env env) override {
    Napi::Array tuple = Napi::Array::New(env, 2);
    if (ran_) {
      tuple.Set(0u, Napi::Number::New(env, static_cast<int>(result_.outcome)));
    } else {
      tuple.Set(0u, Napi::Env(env).Null());
    }
    tuple.Set(1u, Napi::String::New(env, result_.detail));
    return tuple;
  }

  void ReleaseReferences() override {
    body_.Drop();
    reply_.Drop();
  }

 protected:
  Status Execute() override {
    ran_ = Clock::now() - posted_ < kMostWait;
    if (ran_) result_ = RunShadow(call_.get(), body_.view(), method_, primary_, tolerance_);
    return Status();
  }

  void DropWork() override { call_.reset(); }

 private:
  std::unique_ptr<InferenceCall> call_;
  const Method method_;
  const double tolerance_;
  const Clock::time_point posted_ = Clock::now();
  KeptBytes body_;
  KeptBytes reply_;  // unless it is `text_`
  std::string text_;
  PrimaryAnswer primary_;
  bool ran_ = false;
  ShadowResult result_;
};

// inferShadow(slot, id, body, method, isJson, asTensorContent, code, reply, tolerance)
void InferShadow(const Napi::CallbackInfo& info) {
  uint32_t slot, id, method, code;
  std::string_view body;
  bool is_json, as_content;
  if (!ReadSlot(info, &slot) || !ReadUint32(info, 1, "id", &id) ||
      !ReadBytes(info, 2, "body", &body) || !ReadUint32(info, 3, "method", &method) ||
      !ReadBool(info, 4, "isJson", &is_json) ||
      !ReadBool(info, 5, "asTensorContent", &as_content) || !ReadUint32(info, 6, "code", &code)) {
    return;
  }
  const Method last = is_json ? Method::kRegress : Method::kMultiInference;
  if (method > static_cast<uint32_t>(last) || !info[8].IsNumber()) {
    ThrowTypeError(info.Env(), "method or tolerance is not one of a shadow");
    return;
  }
  std::shared_ptr<const Servable> model = FindModel(info.Env(), id);
  if (model == nullptr) return;
  Environment& environment = Environment::From(info.Env());
  const Method kind = static_cast<Method>(method);
  std::unique_ptr<InferenceCall> call = is_json ? NewJsonCall(std::move(model), kind)
                                                : NewProtoCall(std::move(model), kind, as_content);
  auto job = std::make_unique<ShadowJob>(slot, environment.completions(), std::move(call), kind,
                                         info[8].As<Napi::Number>().DoubleValue());
  if (!job->SetPrimary(info[7], static_cast<Code>(code), is_json)) {
    ThrowTypeError(info.Env(), "reply must be a string or bytes, or null with an error's code");
    return;
  }
  job->SetBody(info.Env(), info[2], body);
  environment.SubmitSpare(&Process::Get().runs, std::move(job));
}

}  // namespace

void ExportShadow(Napi::Env env, Napi::Object exports) {
  exports.Set("inferShadow", Napi::Function::New(env, InferShadow, "inferShadow"));
}

}  // namespace tensorgate
