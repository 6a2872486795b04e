// Environment: the addon's state in one JavaScript environment (the main thread or a worker
// thread). Everything here belongs to that environment's thread. At the environment's end its jobs
// are waited for; loaded models stay in the process-wide registry.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "napi/completion_queue.h"
#include "napi/pending_tasks.h"
#include "napi/process.h"
#include "pool/load_stop.h"
#include "status/status.h"

namespace tensorgate {

class Environment {
 public:
  static Environment& From(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  // Registers the completion callback; once per environment.
  void Open(Napi::Function deliver);
  bool is_open() const { return completions_ != nullptr; }

  const std::shared_ptr<CompletionQueue>& completions() const { return completions_; }

  // The requests decoded and not yet run.
  PendingTasks* tasks() { return &tasks_; }

  // The stops of the loads in progress, by slot.
  void AddLoad(uint32_t slot, const std::shared_ptr<LoadStop>& stop);
  void StopLoad(uint32_t slot);

  // Where prepareProto() and prepareJson() leave their numbers for JavaScript.
  void SetPrepared(Napi::Float64Array numbers);
  double* prepared() const { return prepared_; }

  // Hands `job` to a pool, which starts it at the next WorkerPool::Wake(); when the pool's queue is
  // full the job fails with UNAVAILABLE.
  void Submit(WorkerPool* pool, std::unique_ptr<AsyncJob> job);

  // The same as a spare job.
  void SubmitSpare(WorkerPool* pool, std::unique_ptr<AsyncJob> job);

  // Starts the runs that were submitted since the last call; or does the only one here, if it is
  // short. Returns what `deliver` is to be called with, null where nothing is.
  napi_value StartRuns(napi_env env);

  // Ends `job` with `status` without running it.
  void Fail(std::unique_ptr<AsyncJob> job, Status status);

 private:
  // At the environment's end.
  void Close();
  void SubmitBy(bool (WorkerPool::*post)(std::unique_ptr<Job>*), WorkerPool* pool,
                std::unique_ptr<AsyncJob> job);

  std::shared_ptr<CompletionQueue> completions_;
  PendingTasks tasks_;
  std::unordered_map<uint32_t, std::weak_ptr<LoadStop>> loads_;
  Napi::Reference<Napi::Float64Array> prepared_reference_;
  double* prepared_ = nullptr;
};

// What a job gets that the run queue has no room for.
Status QueueFull();

// Argument 0 of every call that answers later: the slot. False with a pending TypeError when it is
// no slot, or when nobody has registered for completions.
bool ReadSlot(const Napi::CallbackInfo& info, uint32_t* slot);

}  // namespace tensorgate
