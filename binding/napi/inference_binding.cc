#include "napi/inference_binding.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "call/inference_call.h"
#include "call/request_track.h"
#include "codec/json/json_predict.h"
#include "codec/json/json_request_head.h"
#include "codec/proto/example_request.h"
#include "codec/proto/predict_proto.h"
#include "napi/arguments.h"
#include "napi/cache_control.h"
#include "napi/environment.h"
#include "napi/pinned_body.h"
#include "napi/reply.h"
#include "napi/tensor_sets.h"
#include "napi/violation_list.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

class InferenceJob : public AsyncJob {
 public:
  InferenceJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue,
               std::unique_ptr<InferenceCall> call, Method method, bool reply_is_text,
               bool is_traced)
      : AsyncJob(slot, std::move(queue)),
        call_(std::move(call)),
        reply_is_text_(reply_is_text),
        track_(call_->model(), method, is_traced) {}

  void SetTimeout(uint32_t milliseconds) {
    if (milliseconds > 0) deadline_ = Clock::now() + std::chrono::milliseconds(milliseconds);
  }

  // And looks for an answer: with one it may be short.
  Status DecodeNow(std::string_view body) {
    Status status = call_->Decode(body, DecodeLimits());
    track_.Pass(RequestStage::kDecode);
    if (status.ok()) call_->FindAnswer(RunBy::kTurn);
    return status;
  }

  // Leaves decoding to the run pool; `value` is what holds `body`.
  void DecodeLater(napi_env env, napi_value value, std::string_view body) {
    body_.Pin(env, value, body);
  }

  napi_value TakeValue(napi_env env) override {
    return results_ != nullptr ? TensorSetValue(env, std::move(results_))
                               : ReplyValue(env, &out_, reply_is_text_);
  }

  void ReleaseReferences() override { body_.Unpin(); }

  bool IsShort() const override { return !body_.is_pinned() && call_->IsShort(); }

  void RunHere(std::unique_ptr<Job> self) override {
    on_loop_ = true;
    Run(std::move(self));
  }

 protected:
  // An equal request is being run: its answer is this one's, too.
  bool Defer(std::unique_ptr<Job>* self) override {
    ready_ = Prepare();
    const std::shared_ptr<Flight> awaited = ready_.ok() ? call_->FindAnswer(RunBy::kTurn) : nullptr;
    if (awaited == nullptr) return false;
    on_loop_ = false;
    awaited->Await(&Process::Get().runs, std::move(*self));
    return true;
  }

  Status Execute() override {
    if (!ready_.ok()) return std::move(ready_);
    Status status = on_loop_ ? call_->RunOnLoop(&out_) : call_->RunAndEncode(&out_);
    track_.PassRun(call_->run_time());
    return status;
  }

  void DropWork() override {
    track_.End(*call_, status().code());
    set_spans(track_.TakeSpans());
    results_ = call_->TakeResults();
    call_.reset();
  }

 private:
  Status Prepare() {
    const Clock::time_point now = Clock::now();
    track_.Pass(RequestStage::kQueue, now);
    if (now >= deadline_) return DeadlinePassed();
    if (!body_.is_pinned() || std::exchange(is_decoded_, true)) return Status();
    return DecodeNow(body_.view());
  }

  std::unique_ptr<InferenceCall> call_;
  const bool reply_is_text_;
  Status ready_;             // to be run
  bool is_decoded_ = false;  // by the run pool
  Clock::time_point deadline_ = Clock::time_point::max();
  bool on_loop_ = false;
  PinnedBody body_;  // where decoding is left to the run pool
  RequestTrack track_;
  OutputBuffer out_;
  std::shared_ptr<const TensorSet> results_;  // in place of bytes
};

// Common to both forms: (slot, model id, body, timeout in ms or 0, method, isTraced, cacheControl,
// …).
template <typename NewCall>
void Infer(const Napi::CallbackInfo& info, bool reply_is_text, NewCall new_call) {
  uint32_t slot, id, timeout;
  std::string_view body;
  Method method;
  bool is_traced;
  std::string cache_control;
  if (!ReadSlot(info, &slot) || !ReadUint32(info, 1, "id", &id) ||
      !ReadBytes(info, 2, "body", &body) || !ReadUint32(info, 3, "timeoutMillis", &timeout) ||
      !ReadMethod(info, 4, &method) || !ReadBool(info, 5, "isTraced", &is_traced) ||
      !ReadText(info, 6, &cache_control)) {
    return;
  }
  std::shared_ptr<const Servable> model = FindModel(info.Env(), id);
  if (model == nullptr) return;
  Environment& environment = Environment::From(info.Env());
  std::unique_ptr<InferenceCall> call = new_call(std::move(model), method);
  call->SetClients();
  call->SetCacheUse(ReadCacheControl(cache_control));
  auto job = std::make_unique<InferenceJob>(slot, environment.completions(), std::move(call),
                                            method, reply_is_text, is_traced);
  job->SetTimeout(timeout);
  if (body.size() > kDecodeOnLoopBytes) {
    job->DecodeLater(info.Env(), info[2], body);
  } else if (Status status = job->DecodeNow(body); !status.ok()) {
    return environment.Fail(std::move(job), std::move(status));
  }
  environment.Submit(&Process::Get().runs, std::move(job));
}

// inferProto(slot, id, body, timeoutMillis, method, isTraced, cacheControl, asTensorContent)
void InferProto(const Napi::CallbackInfo& info) {
  bool as_content;
  if (!ReadBool(info, 7, "asTensorContent", &as_content)) return;
  Infer(info, /*reply_is_text=*/false,
        [as_content](std::shared_ptr<const Servable> model, Method method) {
          return NewProtoCall(std::move(model), method, as_content);
        });
}

// inferJson(slot, id, body, timeoutMillis, method, isTraced, cacheControl)
void InferJson(const Napi::CallbackInfo& info) {
  Infer(info, /*reply_is_text=*/true, &NewJsonCall);
}

// checkJson(body, method): null, or [code, message, violations or null]
Napi::Value CheckJson(const Napi::CallbackInfo& info) {
  std::string_view body;
  Method method;
  if (!ReadBytes(info, 0, "body", &body) || !ReadMethod(info, 1, &method)) {
    return info.Env().Undefined();
  }
  const Status status =
      method == Method::kPredict ? CheckPredictJson(body) : CheckExamplesJson(body);
  return status.ok() ? info.Env().Null() : ErrorTuple(info.Env(), status);
}

// Looks for the signature's name in a body of REST on the decode pool.
class SignatureNameJob : public AsyncJob {
 public:
  using AsyncJob::AsyncJob;

  // `value` is what holds `body`.
  void SetBody(napi_env env, napi_value value, std::string_view body) {
    body_.Pin(env, value, body);
  }

  napi_value TakeValue(napi_env env) override {
    napi_value value;
    napi_create_string_utf8(env, name_.data(), name_.size(), &value);
    return value;
  }

  void ReleaseReferences() override { body_.Unpin(); }

 protected:
  Status Execute() override {
    name_ = FindJsonSignatureName(body_.view());
    return Status();
  }

 private:
  PinnedBody body_;
  std::string name_;
};

// jsonSignatureName(slot, body): the name, or null, where the slot will be answered with it
Napi::Value JsonSignatureName(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t slot;
  std::string_view body;
  if (!ReadSlot(info, &slot) || !ReadBytes(info, 1, "body", &body)) return env.Undefined();
  if (body.size() <= kDecodeOnLoopBytes) return Napi::String::New(env, FindJsonSignatureName(body));
  Environment& environment = Environment::From(env);
  auto job = std::make_unique<SignatureNameJob>(slot, environment.completions());
  job->SetBody(env, info[1], body);
  environment.Submit(&Process::Get().decodes, std::move(job));
  Process::Get().decodes.Wake();
  return env.Null();
}

// protoSignatureName(body): that of a PredictRequest; empty where there is none, or no request
Napi::Value ProtoSignatureName(const Napi::CallbackInfo& info) {
  std::string_view body;
  if (!ReadBytes(info, 0, "body", &body)) return info.Env().Undefined();
  ModelSpecView spec;
  const std::string_view name =
      ReadModelSpec(body, &spec).ok() ? spec.signature_name : std::string_view();
  return Napi::String::New(info.Env(), name.data(), name.size());
}

// That of the first task for MultiInference.
Status ReadSpecOf(Method method, std::string_view body, ModelSpecView* spec) {
  if (method != Method::kMultiInference) return ReadModelSpec(body, spec);
  DecodeBudget budget{DecodeLimits()};
  ExampleRequest request;
  const Status status = ParseMultiInferenceRequest(body, &budget, &request);
  if (status.ok() && !request.tasks.empty()) *spec = request.tasks[0].model_spec;
  return status;
}

// readModelSpec(body, method): [0, present, name, version or null, label or null], or
// [code, message, violations or null]
Napi::Value ReadSpec(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string_view body;
  Method method;
  if (!ReadBytes(info, 0, "body", &body) || !ReadMethod(info, 1, &method)) return env.Undefined();
  ModelSpecView spec;
  const Status status = ReadSpecOf(method, body, &spec);
  if (!status.ok()) return ErrorTuple(env, status);
  const auto text = [&](std::string_view view) {
    return Napi::String::New(env, view.data(), view.size());
  };
  Napi::Array tuple = Napi::Array::New(env, 5);
  tuple.Set(0u, Napi::Number::New(env, 0));
  tuple.Set(1u, Napi::Boolean::New(env, spec.present));
  tuple.Set(2u, text(spec.name));
  tuple.Set(3u, spec.has_version ? Napi::BigInt::New(env, spec.version) : env.Null());
  tuple.Set(4u, spec.has_label ? text(spec.label) : env.Null());
  return tuple;
}

}  // namespace

void SubmitTensorCall(Napi::Env env, uint32_t slot, std::unique_ptr<InferenceCall> call,
                      uint32_t timeout_millis, bool is_traced) {
  Environment& environment = Environment::From(env);
  auto job = std::make_unique<InferenceJob>(slot, environment.completions(), std::move(call),
                                            Method::kPredict, false, is_traced);
  job->SetTimeout(timeout_millis);
  if (Status status = job->DecodeNow({}); !status.ok()) {
    return environment.Fail(std::move(job), std::move(status));
  }
  environment.Submit(&Process::Get().runs, std::move(job));
}

bool ReadMethod(const Napi::CallbackInfo& info, size_t index, Method* method) {
  uint32_t number;
  if (!ReadUint32(info, index, "method", &number)) return false;
  if (number > static_cast<uint32_t>(Method::kSessionRun)) {
    return ThrowTypeError(info.Env(), "there is no method " + std::to_string(number));
  }
  *method = static_cast<Method>(number);
  return true;
}

std::shared_ptr<const Servable> FindModel(Napi::Env env, uint32_t id) {
  std::shared_ptr<const Servable> model = Process::Get().registry.Find(id);
  if (model == nullptr) ThrowTypeError(env, "no model has the id " + std::to_string(id));
  return model;
}

Napi::Array SignatureNames(Napi::Env env, const Servable& servable) {
  Napi::Array names = Napi::Array::New(env);
  for (const Signature& signature : servable.signatures()) {
    names.Set(names.Length(), Napi::String::New(env, signature.def.name));
  }
  return names;
}

std::unique_ptr<InferenceCall> NewProtoCall(std::shared_ptr<const Servable> model, Method method,
                                            bool as_content) {
  if (method == Method::kSessionRun) return NewSessionRunCall(std::move(model));
  return method == Method::kPredict ? NewProtoPredictCall(std::move(model), as_content)
                                    : NewProtoExampleCall(std::move(model), method);
}

std::unique_ptr<InferenceCall> NewJsonCall(std::shared_ptr<const Servable> model, Method method) {
  return method == Method::kPredict ? NewJsonPredictCall(std::move(model))
                                    : NewJsonExampleCall(std::move(model), method);
}

Status DeadlinePassed() {
  return Status(Code::kDeadlineExceeded, "Timed out waiting for notification")
      .With("", "the deadline passed before the run began");
}

void ExportInference(Napi::Env env, Napi::Object exports) {
  exports.Set("inferProto", Napi::Function::New(env, InferProto, "inferProto"));
  exports.Set("inferJson", Napi::Function::New(env, InferJson, "inferJson"));
  exports.Set("checkJson", Napi::Function::New(env, CheckJson, "checkJson"));
  exports.Set("jsonSignatureName",
              Napi::Function::New(env, JsonSignatureName, "jsonSignatureName"));
  exports.Set("protoSignatureName",
              Napi::Function::New(env, ProtoSignatureName, "protoSignatureName"));
  exports.Set("readModelSpec", Napi::Function::New(env, ReadSpec, "readModelSpec"));
}

}  // namespace tensorgate
