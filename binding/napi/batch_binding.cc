#include "napi/batch_binding.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "batch/batch_run.h"
#include "napi/arguments.h"
#include "napi/cache_control.h"
#include "napi/environment.h"
#include "napi/inference_binding.h"
#include "napi/pinned_body.h"
#include "napi/reply.h"
#include "napi/tensor_sets.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// [task, queueKey, shapeKey, rankKey, rows, signature]
constexpr size_t kPreparedNumbers = 6;

// Holds the task and writes its numbers.
void Hold(Environment* environment, std::shared_ptr<BatchTask> task, bool reply_is_text,
          double* numbers) {
  const BatchKeys keys = task->keys();
  numbers[0] = static_cast<double>(environment->tasks()->Add(std::move(task), reply_is_text));
  numbers[1] = static_cast<double>(keys.queue);
  numbers[2] = static_cast<double>(keys.shape);
  numbers[3] = static_cast<double>(keys.rank);
  numbers[4] = static_cast<double>(keys.rows);
  numbers[5] = static_cast<double>(keys.signature);
}

napi_value ArrayOf(napi_env env, const double* numbers, uint32_t count) {
  napi_value array;
  napi_create_array_with_length(env, count, &array);
  for (uint32_t i = 0; i < count; ++i) {
    napi_value number;
    napi_create_double(env, numbers[i], &number);
    napi_set_element(env, array, i, number);
  }
  return array;
}

// Decodes a body on the decode pool. A task that JavaScript never hears of goes with its job. A
// request whose answer is kept, or that waits for an equal one's, becomes none: it ends with the
// answer.
class PrepareJob : public AsyncJob {
 public:
  PrepareJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue,
             std::unique_ptr<InferenceCall> call, uint32_t model, bool reply_is_text,
             RequestTrack track)
      : AsyncJob(slot, std::move(queue)),
        call_(std::move(call)),
        model_(model),
        reply_is_text_(reply_is_text),
        track_(std::move(track)) {}

  // `value` is what holds `body`.
  void SetBody(napi_env env, napi_value value, std::string_view body) {
    body_.Pin(env, value, body);
  }

  // For who has it decoded.
  void SetDecoded() { is_decoded_ = true; }

  napi_value TakeValue(napi_env env) override {
    if (task_ == nullptr) return ReplyValue(env, &reply_, reply_is_text_);
    double numbers[kPreparedNumbers];
    Hold(&Environment::From(env), std::move(task_), reply_is_text_, numbers);
    return ArrayOf(env, numbers, kPreparedNumbers);
  }

  void ReleaseReferences() override { body_.Unpin(); }

 protected:
  bool Defer(std::unique_ptr<Job>* self) override {
    track_.Pass(RequestStage::kQueue);
    if (!std::exchange(is_decoded_, true)) {
      decoded_ = call_->Decode(body_.view(), DecodeLimits());
      track_.Pass(RequestStage::kDecode);
    }
    const std::shared_ptr<Flight> awaited =
        decoded_.ok() ? call_->FindAnswer(RunBy::kTask) : nullptr;
    if (awaited == nullptr) return false;
    has_waited_ = true;
    awaited->Await(&Process::Get().runs, std::move(*self));
    return true;
  }

  Status Execute() override {
    if (!decoded_.ok()) return std::move(decoded_);
    if (call_->answer_bytes() == 0 && !has_waited_) {
      task_ = std::make_shared<BatchTask>(std::move(call_), model_, std::move(track_));
      return Status();
    }
    // Without an answer, since the request that it waited for has none, it runs alone.
    Status status = call_->RunAndEncode(&reply_);
    track_.PassRun(call_->run_time());
    return status;
  }

  void DropWork() override {
    if (call_ == nullptr) return;
    track_.End(*call_, status().code());
    set_spans(track_.TakeSpans());
    call_.reset();
  }

 private:
  std::unique_ptr<InferenceCall> call_;
  const uint32_t model_;
  const bool reply_is_text_;
  RequestTrack track_;
  bool is_decoded_ = false;
  bool has_waited_ = false;
  Status decoded_;
  std::shared_ptr<BatchTask> task_;  // null: there is a reply
  OutputBuffer reply_;
  PinnedBody body_;
};

// Common to all forms: (slot, model id, body, method, isTraced, cacheControl, …). True: decoded,
// the numbers are in `prepared`, and the slot is not used. False: the slot will be answered, by an
// error, by an array of these numbers, or by the reply, where the request needs no run of its own.
// `is_clients`: it is counted, and may be logged.
template <typename NewCall>
Napi::Value Prepare(const Napi::CallbackInfo& info, bool reply_is_text, NewCall new_call,
                    bool is_clients = true) {
  const Napi::Env env = info.Env();
  uint32_t slot, id;
  std::string_view body;
  Method method;
  bool is_traced;
  std::string cache_control;
  if (!ReadSlot(info, &slot) || !ReadUint32(info, 1, "id", &id) ||
      !ReadBytes(info, 2, "body", &body) || !ReadMethod(info, 3, &method) ||
      !ReadBool(info, 4, "isTraced", &is_traced) || !ReadText(info, 5, &cache_control)) {
    return env.Undefined();
  }
  std::shared_ptr<const Servable> model = FindModel(env, id);
  if (model == nullptr) return env.Undefined();
  Environment& environment = Environment::From(env);
  RequestTrack track = is_clients ? RequestTrack(*model, method, is_traced) : RequestTrack();
  std::unique_ptr<InferenceCall> call = new_call(std::move(model), method);
  if (is_clients) {
    call->SetClients();
  } else {
    call->LeaveUncounted();
  }
  call->SetCacheUse(ReadCacheControl(cache_control));
  const bool decode_later = body.size() > kDecodeOnLoopBytes;
  Status status;
  if (!decode_later) {
    status = call->Decode(body, DecodeLimits());
    track.Pass(RequestStage::kDecode);
  }
  const bool needs_run = decode_later || !status.ok() ||
                         (call->FindAnswer(RunBy::kTask) == nullptr && call->answer_bytes() == 0);
  if (!decode_later && status.ok() && needs_run) {
    Hold(&environment, std::make_shared<BatchTask>(std::move(call), id, std::move(track)),
         reply_is_text, environment.prepared());
    return Napi::Boolean::New(env, true);
  }
  auto job = std::make_unique<PrepareJob>(slot, environment.completions(), std::move(call), id,
                                          reply_is_text, std::move(track));
  if (decode_later) {
    job->SetBody(env, info[2], body);
    environment.Submit(&Process::Get().decodes, std::move(job));
    Process::Get().decodes.Wake();
  } else if (!needs_run) {
    job->SetDecoded();
    environment.Submit(&Process::Get().decodes, std::move(job));
    Process::Get().decodes.Wake();
  } else {
    environment.Fail(std::move(job), std::move(status));
  }
  return Napi::Boolean::New(env, false);
}

// prepareProto(slot, id, body, method, isTraced, cacheControl, asTensorContent)
Napi::Value PrepareProto(const Napi::CallbackInfo& info) {
  bool as_content;
  if (!ReadBool(info, 6, "asTensorContent", &as_content)) return info.Env().Undefined();
  return Prepare(info, /*reply_is_text=*/false,
                 [as_content](std::shared_ptr<const Servable> model, Method method) {
                   return NewProtoCall(std::move(model), method, as_content);
                 });
}

// prepareJson(slot, id, body, method, isTraced, cacheControl)
Napi::Value PrepareJson(const Napi::CallbackInfo& info) {
  return Prepare(info, /*reply_is_text=*/true, &NewJsonCall);
}

// prepareShadow(slot, id, body, method, isTraced, cacheControl, asTensorContent, isJson)
Napi::Value PrepareShadow(const Napi::CallbackInfo& info) {
  bool as_content, is_json;
  if (!ReadBool(info, 6, "asTensorContent", &as_content) ||
      !ReadBool(info, 7, "isJson", &is_json)) {
    return info.Env().Undefined();
  }
  return Prepare(
      info, is_json,
      [as_content, is_json](std::shared_ptr<const Servable> model, Method method) {
        return is_json ? NewJsonCall(std::move(model), method)
                       : NewProtoCall(std::move(model), method, as_content);
      },
      /*is_clients=*/false);
}

// The answer of a task.
class TaskReply : public Completion {
 public:
  explicit TaskReply(BatchPart* part)
      : Completion(part->slot, std::move(part->status)),
        reply_(std::move(part->reply)),
        is_text_(part->reply_is_text),
        results_(part->task->call().TakeResults()) {
    set_spans(part->task->track().TakeSpans());
  }

  napi_value TakeValue(napi_env env) override {
    return results_ != nullptr ? TensorSetValue(env, std::move(results_))
                               : ReplyValue(env, &reply_, is_text_);
  }

 private:
  OutputBuffer reply_;
  const bool is_text_;
  std::shared_ptr<const TensorSet> results_;  // in place of bytes
};

// Answers its own slot with the report, and those of its tasks.
class BatchJob : public Job, public Completion {
 public:
  BatchJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue, const BatchOptions& options,
           uint32_t timeout_millis, std::vector<BatchPart> parts)
      : Completion(slot), queue_(std::move(queue)), options_(options), parts_(std::move(parts)) {
    if (timeout_millis > 0) deadline_ = Clock::now() + std::chrono::milliseconds(timeout_millis);
  }

  void Run(std::unique_ptr<Job> self) override {
    if (Clock::now() >= deadline_) {
      FailBatch(DeadlinePassed(), &parts_);
    } else {
      report_ = RunBatch(options_, &parts_);
    }
    Push(std::move(self));
  }

  // Ends it without a run. THREAD: JavaScript's.
  void Fail(std::unique_ptr<Job> self, const Status& status) {
    FailBatch(status, &parts_);
    set_status(status);
    Push(std::move(self));
  }

  // [runNanos, rows, paddedRows, outcome], and beganNanos and endedNanos where it is timed
  napi_value TakeValue(napi_env env) override {
    const double numbers[] = {
        static_cast<double>(report_.run_time.count()), static_cast<double>(report_.rows),
        static_cast<double>(report_.padded_rows),      static_cast<double>(report_.outcome),
        StageSpans::Nanoseconds(report_.began),        StageSpans::Nanoseconds(report_.ended)};
    return ArrayOf(env, numbers, report_.is_timed() ? 6 : 4);
  }

 private:
  void Push(std::unique_ptr<Job> self) {
    std::vector<std::unique_ptr<Completion>> completions;
    completions.reserve(1 + parts_.size());
    completions.emplace_back(static_cast<BatchJob*>(self.release()));
    for (BatchPart& part : parts_) {
      if (part.answered) {
        part.task->track().End(part.task->call(), part.status.code());
        completions.push_back(std::make_unique<TaskReply>(&part));
      }
      // Before anybody hears of it: an unload may wait for the task.
      part.task.reset();
    }
    // The queue must live until PushAll() returns, though the job may be gone by then.
    const std::shared_ptr<CompletionQueue> queue = queue_;
    queue->PushAll(std::move(completions));
  }

  const std::shared_ptr<CompletionQueue> queue_;
  const BatchOptions options_;
  Clock::time_point deadline_ = Clock::time_point::max();
  std::vector<BatchPart> parts_;
  BatchReport report_;
};

// Element `index` of an array, a whole number of up to 53 bits.
bool ReadElement(napi_env env, napi_value array, uint32_t index, int64_t* out) {
  napi_value value;
  return napi_get_element(env, array, index, &value) == napi_ok &&
         napi_get_value_int64(env, value, out) == napi_ok && *out >= 0;
}

bool ReadWants(const Napi::CallbackInfo& info, std::vector<PendingTasks::Want>* wants) {
  const napi_env env = info.Env();
  const bool whole = info[3].IsNull() && info[4].IsNull();
  uint32_t count = 0;
  bool ok = napi_get_array_length(env, info[1], &count) == napi_ok && count > 0;
  for (size_t list = 2; ok && list <= (whole ? 2 : 4); ++list) {
    uint32_t length = 0;
    ok = napi_get_array_length(env, info[list], &length) == napi_ok && length == count;
  }
  wants->resize(ok ? count : 0);
  for (uint32_t i = 0; ok && i < count; ++i) {
    PendingTasks::Want& want = (*wants)[i];
    int64_t number = 0;
    int64_t slot_number = 0;
    ok = ReadElement(env, info[1], i, &number) && ReadElement(env, info[2], i, &slot_number) &&
         (whole ||
          (ReadElement(env, info[3], i, &want.begin) && ReadElement(env, info[4], i, &want.count)));
    want.whole = whole;
    want.number = static_cast<uint64_t>(number);
    want.slot = static_cast<uint32_t>(slot_number);
  }
  if (ok) return true;
  return ThrowTypeError(env, "tasks, slots, begins and counts must be arrays of one length");
}

// runBatch(slot, tasks, slots, begins, counts, padTo, padVariableLength, timeoutMillis, strict)
void RunBatchOf(const Napi::CallbackInfo& info) {
  uint32_t slot, pad_to, timeout;
  BatchOptions options;
  std::vector<PendingTasks::Want> wants;
  if (!ReadSlot(info, &slot) || !ReadUint32(info, 5, "padTo", &pad_to) ||
      !ReadBool(info, 6, "padVariableLength", &options.pad_variable_length) ||
      !ReadUint32(info, 7, "timeoutMillis", &timeout) ||
      !ReadBool(info, 8, "strict", &options.strict) || !ReadWants(info, &wants)) {
    return;
  }
  options.pad_to = pad_to;
  Environment& environment = Environment::From(info.Env());
  std::vector<BatchPart> parts;
  size_t answers = 0;
  if (const char* wrong = environment.tasks()->Take(wants, &parts, &answers)) {
    ThrowTypeError(info.Env(), wrong);
    return;
  }
  environment.completions()->Expect(1 + answers);
  std::unique_ptr<Job> job = std::make_unique<BatchJob>(slot, environment.completions(), options,
                                                        timeout, std::move(parts));
  if (Process::Get().runs.Post(&job)) return;
  BatchJob* refused = static_cast<BatchJob*>(job.get());
  refused->Fail(std::move(job), QueueFull());
}

// dropTask(task, code): forgets a pending task; its slot is not answered.
void DropTask(const Napi::CallbackInfo& info) {
  int64_t number;
  uint32_t code;
  if (!ReadUint32(info, 1, "code", &code)) return;
  if (napi_get_value_int64(info.Env(), info[0], &number) != napi_ok ||
      !Environment::From(info.Env())
           .tasks()
           ->Drop(static_cast<uint64_t>(number), static_cast<Code>(code))) {
    ThrowTypeError(info.Env(), "no task of that number is pending");
  }
}

}  // namespace

bool PrepareTensorCall(Napi::Env env, uint32_t slot, uint32_t id,
                       std::unique_ptr<InferenceCall> call, bool is_traced) {
  Environment& environment = Environment::From(env);
  RequestTrack track(call->model(), Method::kPredict, is_traced);
  Status status = call->Decode({}, DecodeLimits());
  if (status.ok()) {
    Hold(&environment, std::make_shared<BatchTask>(std::move(call), id, std::move(track)), false,
         environment.prepared());
    return true;
  }
  environment.Fail(std::make_unique<PrepareJob>(slot, environment.completions(), std::move(call),
                                                id, false, std::move(track)),
                   std::move(status));
  return false;
}

void ExportBatch(Napi::Env env, Napi::Object exports) {
  Napi::Float64Array prepared = Napi::Float64Array::New(env, kPreparedNumbers);
  Environment::From(env).SetPrepared(prepared);
  exports.Set("prepared", prepared);
  exports.Set("prepareProto", Napi::Function::New(env, PrepareProto, "prepareProto"));
  exports.Set("prepareShadow", Napi::Function::New(env, PrepareShadow, "prepareShadow"));
  exports.Set("prepareJson", Napi::Function::New(env, PrepareJson, "prepareJson"));
  exports.Set("runBatch", Napi::Function::New(env, RunBatchOf, "runBatch"));
  exports.Set("dropTask", Napi::Function::New(env, DropTask, "dropTask"));
}

}  // namespace tensorgate
