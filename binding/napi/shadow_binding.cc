#include "napi/shadow_binding.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "napi/arguments.h"
#include "napi/environment.h"
#include "runtime/shadow.h"

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
    env_ = env;
    napi_create_reference(env, value, 1, &body_reference_);
    body_ = body;
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
    napi_create_reference(value.Env(), value, 1, &reply_reference_);
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
    if (body_reference_ != nullptr) napi_delete_reference(env_, body_reference_);
    if (reply_reference_ != nullptr) napi_delete_reference(env_, reply_reference_);
    body_reference_ = reply_reference_ = nullptr;
  }

 protected:
  Status Execute() override {
    ran_ = Clock::now() - posted_ < kMostWait;
    if (ran_) result_ = RunShadow(call_.get(), body_, method_, primary_, tolerance_);
    return Status();
  }

  void DropWork() override { call_.reset(); }

 private:
  std::unique_ptr<InferenceCall> call_;
  const Method method_;
  const double tolerance_;
  const Clock::time_point posted_ = Clock::now();
  napi_env env_ = nullptr;
  napi_ref body_reference_ = nullptr;
  napi_ref reply_reference_ = nullptr;
  std::string_view body_;
  std::string text_;
  PrimaryAnswer primary_;
  bool ran_ = false;
  ShadowResult result_;
};

std::unique_ptr<InferenceCall> NewCall(std::shared_ptr<const SavedModel> model, Method method,
                                       bool is_json, bool as_content) {
  if (is_json) {
    return method == Method::kPredict ? NewJsonPredictCall(std::move(model))
                                      : NewJsonExampleCall(std::move(model), method);
  }
  return method == Method::kPredict ? NewProtoPredictCall(std::move(model), as_content)
                                    : NewProtoExampleCall(std::move(model), method);
}

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
  std::shared_ptr<const SavedModel> model = Process::Get().registry.Find(id);
  if (model == nullptr) {
    ThrowTypeError(info.Env(), "no model has the id " + std::to_string(id));
    return;
  }
  Environment& environment = Environment::From(info.Env());
  const Method kind = static_cast<Method>(method);
  auto job = std::make_unique<ShadowJob>(slot, environment.completions(),
                                         NewCall(std::move(model), kind, is_json, as_content), kind,
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
