#include "napi/completion_queue.h"

#include <utility>

#include "napi/violation_list.h"

namespace tensorgate {
namespace {

// [begin, end] of each RequestStage, one after the other.
napi_value SpanArray(napi_env env, const StageSpans& spans) {
  napi_value array;
  napi_create_array_with_length(env, spans.stages.size() * 2, &array);
  uint32_t index = 0;
  for (const StageSpans::Span& span : spans.stages) {
    for (double time : {span.begin, span.end}) {
      napi_value number;
      napi_create_double(env, time, &number);
      napi_set_element(env, array, index++, number);
    }
  }
  return array;
}

}  // namespace

napi_value AsyncJob::TakeValue(napi_env env) {
  napi_value value;
  napi_get_undefined(env, &value);
  return value;
}

void AsyncJob::Run(std::unique_ptr<Job> self) {
  if (Defer(&self)) return;
  set_status(Execute());
  DropWork();
  // The queue must live until Push() returns, though the job may be gone by then.
  const std::shared_ptr<CompletionQueue> queue = queue_;
  queue->Push(std::unique_ptr<AsyncJob>(static_cast<AsyncJob*>(self.release())));
}

void AsyncJob::Fail(std::unique_ptr<AsyncJob> job, Status status) {
  job->set_status(std::move(status));
  job->DropWork();
  const std::shared_ptr<CompletionQueue> queue = job->queue_;
  queue->Push(std::move(job));
}

void CompletionQueue::Open(Napi::Function deliver) {
  const Napi::Env env = deliver.Env();
  napi_value name = Napi::String::New(env, "tensorgate completions");
  const napi_status status = napi_create_threadsafe_function(
      env, deliver, nullptr, name, /*max_queue_size=*/0, /*initial_thread_count=*/1, nullptr,
      nullptr, this, &CompletionQueue::OnWake, &wake_);
  if (status != napi_ok) Napi::Error::Fatal("CompletionQueue", "no thread-safe function");
  napi_unref_threadsafe_function(env, wake_);  // an idle queue does not keep the process alive
}

void CompletionQueue::Expect(size_t completions) {
  // A pending call keeps the process alive; the environment is not needed for it.
  if (pending_ == 0) napi_ref_threadsafe_function(nullptr, wake_);
  pending_ += completions;
}

void CompletionQueue::Push(std::unique_ptr<Completion> completion) {
  MutexLock lock(&mutex_);
  ready_.push_back(std::move(completion));
  Announce(1);
}

void CompletionQueue::PushAll(std::vector<std::unique_ptr<Completion>> completions) {
  MutexLock lock(&mutex_);
  for (std::unique_ptr<Completion>& completion : completions) {
    ready_.push_back(std::move(completion));
  }
  Announce(completions.size());
}

void CompletionQueue::Announce(size_t added) {
  if (closing_) {
    pushed_.NotifyOne();
  } else if (ready_.size() == added && !held_) {
    // Under the lock, so that Close() cannot release the function in between.
    napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  }
}

void CompletionQueue::OnWake(napi_env env, napi_value deliver, void* context, void*) {
  if (env == nullptr) return;
  napi_value batch = static_cast<CompletionQueue*>(context)->Take(env);
  if (batch == nullptr) return;
  napi_value receiver;
  napi_get_undefined(env, &receiver);
  // An exception thrown by JavaScript stays pending and becomes an uncaughtException.
  napi_call_function(env, receiver, deliver, 1, &batch, nullptr);
}

void CompletionQueue::Hold() {
  MutexLock lock(&mutex_);
  held_ = true;
}

napi_value CompletionQueue::Take(napi_env env) {
  {
    MutexLock lock(&mutex_);
    held_ = false;
    delivering_.swap(ready_);
  }
  if (delivering_.empty()) return nullptr;
  napi_value batch;
  napi_create_array_with_length(env, delivering_.size() * 2, &batch);
  uint32_t index = 0;
  for (const std::unique_ptr<Completion>& completion : delivering_) {
    const bool ok = completion->status().ok();
    const int64_t slot = completion->slot();
    if (completion->spans() != nullptr) {
      napi_value null;
      napi_get_null(env, &null);
      napi_set_element(env, batch, index++, null);
      napi_set_element(env, batch, index++, SpanArray(env, *completion->spans()));
    }
    napi_value number;
    napi_create_int64(env, ok ? slot : -1 - slot, &number);
    napi_set_element(env, batch, index++, number);
    napi_set_element(
        env, batch, index++,
        ok ? completion->TakeValue(env) : napi_value(ErrorTuple(env, completion->status())));
    completion->ReleaseReferences();
  }
  pending_ -= delivering_.size();
  delivering_.clear();
  if (pending_ == 0) napi_unref_threadsafe_function(env, wake_);
  return batch;
}

void CompletionQueue::Close() {
  if (wake_ == nullptr) return;
  // Each at once: one that is not delivered may hold what another waits for, a task its model.
  std::vector<std::unique_ptr<Completion>> dropped;
  for (;;) {
    for (const std::unique_ptr<Completion>& completion : dropped) completion->ReleaseReferences();
    pending_ -= dropped.size();
    dropped.clear();
    if (pending_ == 0) break;
    MutexLock lock(&mutex_);
    closing_ = true;
    while (ready_.empty()) pushed_.Wait(&mutex_);
    dropped.swap(ready_);
  }
  napi_release_threadsafe_function(wake_, napi_tsfn_abort);
  wake_ = nullptr;
}

}  // namespace tensorgate
