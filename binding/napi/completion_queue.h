// CompletionQueue: how work done on other threads comes back to one JavaScript environment. Jobs
// that are ready together are delivered by one wake-up of the event loop and one call into
// JavaScript. AsyncJob is a job that ends there.
//
// Lifetime: one queue per environment, held by the environment and by each of its jobs. A slot is
// the number JavaScript chose to tell its pending calls apart; each is answered exactly once.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/mutex.h"
#include "runtime/worker_pool.h"
#include "status/status.h"

namespace tensorgate {

class CompletionQueue;

class AsyncJob : public Job {
 public:
  AsyncJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue)
      : slot_(slot), queue_(std::move(queue)) {}

  // THREAD: a pool's.
  void Run(std::unique_ptr<Job> self) final;

  // Ends the job without running it. THREAD: JavaScript's.
  static void Fail(std::unique_ptr<AsyncJob> job, Status status);

  uint32_t slot() const { return slot_; }
  const Status& status() const { return status_; }

  // The value of a job that succeeded. THREAD: JavaScript's. May be called once.
  virtual napi_value TakeValue(napi_env env) = 0;

  // Drops what belongs to JavaScript (references). THREAD: JavaScript's; before the destructor.
  virtual void ReleaseReferences() {}

 protected:
  // THREAD: a pool's; no Node-API here.
  virtual Status Execute() = 0;

  // Lets go of what only the work needed, above all of the model: an unload waits for that, and may
  // itself be waited for together with this job. Called before the job is pushed.
  virtual void DropWork() {}

 private:
  const uint32_t slot_;
  const std::shared_ptr<CompletionQueue> queue_;
  Status status_;
};

class CompletionQueue {
 public:
  // THREAD of all but Push: JavaScript's.
  CompletionQueue() = default;

  // `deliver` is called with one flat array [slot, code, value or message, violations or
  // null, slot, …]; violations are [field, description, field, …].
  void Open(Napi::Function deliver);

  // To be called for each job before it is handed to a pool.
  void Expect();

  // THREAD: any.
  void Push(std::unique_ptr<AsyncJob> job);

  // Waits until every expected job is done with its thread, then drops them all: from here on
  // nothing of this environment is touched by another thread.
  void Close();

  size_t pending() const { return pending_; }

 private:
  static void OnWake(napi_env env, napi_value deliver, void* context, void* data);
  void Deliver(napi_env env, napi_value deliver);

  napi_threadsafe_function wake_ = nullptr;
  size_t pending_ = 0;  // expected and not delivered; JavaScript's thread only
  Mutex mutex_;
  CondVar pushed_;
  bool closing_ GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<AsyncJob>> ready_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<AsyncJob>> delivering_;  // keeps its capacity from batch to batch
};

}  // namespace tensorgate
