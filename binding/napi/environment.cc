#include "napi/environment.h"

#include <iterator>
#include <utility>

#include "cache/response_caches.h"
#include "napi/arguments.h"
#include "napi/tensor_sets.h"

namespace tensorgate {

void Environment::Open(Napi::Function deliver) {
  completions_ = std::make_shared<CompletionQueue>();
  completions_->Open(deliver);
  // Hooks run last in, first out: this one before the thread-safe function's own, and before that
  // which deletes this.
  napi_add_env_cleanup_hook(
      deliver.Env(), [](void* data) { static_cast<Environment*>(data)->Close(); }, this);
}

void Environment::Close() {
  // An unload among the jobs may wait for their models.
  tasks_.Clear();
  TensorSets::Get().DropAllOf(this);
  // What a job waits for may be held by an environment that waits for this one.
  const ResponseCaches::Pause pause;
  // JavaScript's own wake-up may not come any more.
  Process::Get().runs.Wake();
  completions_->Close();
  TensorSets::Get().DropAllOf(this);  // what the last calls have brought
}

void Environment::AddLoad(uint32_t slot, const std::shared_ptr<LoadStop>& stop) {
  for (auto load = loads_.begin(); load != loads_.end();) {
    load = load->second.expired() ? loads_.erase(load) : std::next(load);
  }
  loads_[slot] = stop;
}

void Environment::StopLoad(uint32_t slot) {
  const auto load = loads_.find(slot);
  if (load == loads_.end()) return;
  if (const std::shared_ptr<LoadStop> stop = load->second.lock()) stop->Stop();
}

void Environment::Submit(WorkerPool* pool, std::unique_ptr<AsyncJob> job) {
  SubmitBy(&WorkerPool::Post, pool, std::move(job));
}

void Environment::SubmitSpare(WorkerPool* pool, std::unique_ptr<AsyncJob> job) {
  SubmitBy(&WorkerPool::PostSpare, pool, std::move(job));
}

void Environment::SubmitBy(bool (WorkerPool::*post)(std::unique_ptr<Job>*), WorkerPool* pool,
                           std::unique_ptr<AsyncJob> job) {
  completions_->Expect();
  std::unique_ptr<Job> posted(std::move(job));
  if ((pool->*post)(&posted)) return;
  AsyncJob::Fail(std::unique_ptr<AsyncJob>(static_cast<AsyncJob*>(posted.release())), QueueFull());
}

napi_value Environment::StartRuns(napi_env env) {
  WorkerPool& runs = Process::Get().runs;
  // Where others are on their way, the next one is better off with a loop that is free.
  std::unique_ptr<Job> job = is_open() ? runs.TakeShort(completions_->pending() == 1) : nullptr;
  runs.Wake();  // spare jobs may wait, too
  if (job == nullptr) return nullptr;
  completions_->Hold();
  Job* const running = job.get();
  running->RunHere(std::move(job));
  return completions_->Take(env);
}

void Environment::SetPrepared(Napi::Float64Array numbers) {
  prepared_reference_ = Napi::Persistent(numbers);
  prepared_ = numbers.Data();
}

void Environment::Fail(std::unique_ptr<AsyncJob> job, Status status) {
  completions_->Expect();
  AsyncJob::Fail(std::move(job), std::move(status));
}

Status QueueFull() { return Status(Code::kUnavailable, "The run queue is full."); }

bool ReadSlot(const Napi::CallbackInfo& info, uint32_t* slot) {
  if (!Environment::From(info.Env()).is_open()) {
    return ThrowTypeError(info.Env(), "onCompletions must be called first");
  }
  return ReadUint32(info, 0, "slot", slot);
}

}  // namespace tensorgate
