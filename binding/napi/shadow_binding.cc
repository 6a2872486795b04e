#include "napi/shadow_binding.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "call/shadow.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/inference_binding.h"
#include "napi/pinned_body.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// A shadow run that found no idle thread for this long is dropped rather than run.
constexpr std::chrono::seconds kMostWait{10};

// An answer that JavaScript has: by a reference, or a copy of what is a string.
class PinnedAnswer {
 public:
  // `value` is null, a string or bytes. False when it is none of these.
  bool Set(Napi::Value value) {
    if (value.IsNull()) return true;
    if (value.IsString()) {
      text_ = value.As<Napi::String>().Utf8Value();
      view_ = text_;
      return true;
    }
    if (!BytesOf(value.Env(), value, &view_)) return false;
    pinned_.Pin(value.Env(), value, view_);
    return true;
  }
  std::string_view view() const { return view_; }
  void Unpin() { pinned_.Unpin(); }

 private:
  PinnedBody pinned_;
  std::string text_;
  std::string_view view_;
};

// Delivers [outcome, detail]; outcome null: it came too late. Keeps what it reads until then.
class CompareJob : public AsyncJob {
 public:
  CompareJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue, Method method, double tolerance)
      : AsyncJob(slot, std::move(queue)), method_(method), tolerance_(tolerance) {}

  // `value` is null for an error, a string or bytes. False when it is none of these.
  bool SetPrimary(Napi::Value value, Code code, bool is_json) {
    primary_.code = code;
    primary_.is_json = is_json;
    if (value.IsNull() && code == Code::kOk) return false;
    if (!reply_.Set(value)) return false;
    primary_.reply = reply_.view();
    return true;
  }

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

  void ReleaseReferences() override { reply_.Unpin(); }

 protected:
  virtual ShadowResult Compare() = 0;

  Status Execute() override {
    ran_ = Clock::now() - posted_ < kMostWait;
    if (ran_) result_ = Compare();
    return Status();
  }

  const Method method_;
  const double tolerance_;
  PrimaryAnswer primary_;

 private:
  const Clock::time_point posted_ = Clock::now();
  PinnedAnswer reply_;
  bool ran_ = false;
  ShadowResult result_;
};

// Runs the request on the shadow version first.
class ShadowJob : public CompareJob {
 public:
  ShadowJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue,
            std::unique_ptr<InferenceCall> call, Method method, double tolerance)
      : CompareJob(slot, std::move(queue), method, tolerance), call_(std::move(call)) {}

  void SetBody(napi_env env, napi_value value, std::string_view body) {
    body_.Pin(env, value, body);
  }

  void ReleaseReferences() override {
    body_.Unpin();
    CompareJob::ReleaseReferences();
  }

 protected:
  ShadowResult Compare() override {
    return RunShadow(call_.get(), body_.view(), method_, primary_, tolerance_);
  }

  void DropWork() override { call_.reset(); }

 private:
  std::unique_ptr<InferenceCall> call_;
  PinnedBody body_;
};

// What the shadow version has answered elsewhere.
class AnswersJob : public CompareJob {
 public:
  using CompareJob::CompareJob;

  bool SetShadow(Napi::Value reply, Status status) {
    status_ = std::move(status);
    return shadow_.Set(reply);
  }

  void ReleaseReferences() override {
    shadow_.Unpin();
    CompareJob::ReleaseReferences();
  }

 protected:
  ShadowResult Compare() override {
    return CompareAnswers(method_, primary_, status_, shadow_.view(), tolerance_);
  }

  void DropWork() override {}

 private:
  Status status_;
  PinnedAnswer shadow_;
};

bool IsShadowMethod(uint32_t method, bool is_json) {
  const Method last = is_json ? Method::kRegress : Method::kMultiInference;
  return method <= static_cast<uint32_t>(last);
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
  if (!IsShadowMethod(method, is_json) || !info[8].IsNumber()) {
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

// compareAnswers(slot, method, isJson, code, reply, failure, shadow, tolerance); `failure` is null
// or [code, message].
void CompareAnswersGiven(const Napi::CallbackInfo& info) {
  uint32_t slot, method, code;
  bool is_json;
  if (!ReadSlot(info, &slot) || !ReadUint32(info, 1, "method", &method) ||
      !ReadBool(info, 2, "isJson", &is_json) || !ReadUint32(info, 3, "code", &code)) {
    return;
  }
  Status status;
  if (info[5].IsArray()) {
    const auto failure = info[5].As<Napi::Array>();
    status = Status(static_cast<Code>(failure.Get(0u).ToNumber().Uint32Value()),
                    failure.Get(1u).ToString().Utf8Value());
  }
  if (!IsShadowMethod(method, is_json) || !info[7].IsNumber()) {
    ThrowTypeError(info.Env(), "method or tolerance is not one of a shadow");
    return;
  }
  Environment& environment = Environment::From(info.Env());
  auto job =
      std::make_unique<AnswersJob>(slot, environment.completions(), static_cast<Method>(method),
                                   info[7].As<Napi::Number>().DoubleValue());
  if (!job->SetPrimary(info[4], static_cast<Code>(code), is_json) ||
      !job->SetShadow(info[6], std::move(status))) {
    ThrowTypeError(info.Env(), "an answer must be a string or bytes, or null with an error");
    return;
  }
  environment.SubmitSpare(&Process::Get().runs, std::move(job));
}

}  // namespace

void ExportShadow(Napi::Env env, Napi::Object exports) {
  exports.Set("compareAnswers", Napi::Function::New(env, CompareAnswersGiven, "compareAnswers"));
  exports.Set("inferShadow", Napi::Function::New(env, InferShadow, "inferShadow"));
}

}  // namespace tensorgate
