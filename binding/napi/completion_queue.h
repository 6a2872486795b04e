// CompletionQueue: how work done on other threads comes back to one JavaScript environment.
// Completions that are ready together are delivered by one wake-up of the event loop and one call
// into JavaScript. AsyncJob is a job that ends as a completion.
//
// Lifetime: one queue per environment, held by the environment and by each of its jobs. A slot is
// the number JavaScript chose to tell its pending calls apart; each is answered exactly once.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/stage_spans.h"
#include "pool/mutex.h"
#include "pool/worker_pool.h"
#include "status/status.h"

namespace tensorgate {

class CompletionQueue;

// The answer of one slot.
class Completion {
 public:
  explicit Completion(uint32_t slot, Status status = Status())
      : slot_(slot), status_(std::move(status)) {}
  virtual ~Completion() = default;

  uint32_t slot() const { return slot_; }
  const Status& status() const { return status_; }
  // Null: the call is not traced, or never came that far.
  const StageSpans* spans() const { return spans_.get(); }

  // The value where the status is OK. THREAD: JavaScript's. May be called once.
  virtual napi_value TakeValue(napi_env env) = 0;

  // Drops what belongs to JavaScript (references). THREAD: JavaScript's; before the destructor.
  virtual void ReleaseReferences() {}

 protected:
  void set_status(Status status) { status_ = std::move(status); }
  void set_spans(std::unique_ptr<StageSpans> spans) { spans_ = std::move(spans); }

 private:
  const uint32_t slot_;
  Status status_;
  std::unique_ptr<StageSpans> spans_;
};

class AsyncJob : public Job, public Completion {
 public:
  AsyncJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue)
      : Completion(slot), queue_(std::move(queue)) {}

  // THREAD: a pool's.
  void Run(std::unique_ptr<Job> self) final;

  // Ends the job without running it. THREAD: JavaScript's.
  static void Fail(std::unique_ptr<AsyncJob> job, Status status);

  // Undefined, of a job that has nothing to tell but that it is done.
  napi_value TakeValue(napi_env env) override;

 protected:
  // Before Execute(). True: it was handed to somebody who runs the job again, and must not be
  // touched any more. THREAD: as Execute().
  virtual bool Defer(std::unique_ptr<Job>* /*self*/) { return false; }

  // THREAD: a pool's; no Node-API here.
  virtual Status Execute() = 0;

  // Lets go of what only the work needed, above all of the model: an unload waits for that, and may
  // itself be waited for together with this job. Called before the job is pushed.
  virtual void DropWork() {}

 private:
  const std::shared_ptr<CompletionQueue> queue_;
};

class CompletionQueue {
 public:
  // THREAD of all but Push: JavaScript's.
  CompletionQueue() = default;

  // `deliver` is called with one flat array [slot, value, slot, …]; in place of a failed slot and
  // its value there are -1 - slot and [code, message, violations or null]. Before the slot of a
  // traced call come null and the beginning and end of each stage.
  void Open(Napi::Function deliver);

  // To be called for each completion before its job is handed to a pool.
  void Expect(size_t completions = 1);

  // THREAD of both: any. PushAll: they are delivered together, in their order.
  void Push(std::unique_ptr<Completion> completion);
  void PushAll(std::vector<std::unique_ptr<Completion>> completions);

  // Between the two nobody is woken for a completion: Take() returns them all, as `deliver` gets
  // them; null where there is none.
  void Hold();
  napi_value Take(napi_env env);

  // Waits until every expected completion is there, then drops them all: from here on nothing of
  // this environment is touched by another thread.
  void Close();

  size_t pending() const { return pending_; }

 private:
  static void OnWake(napi_env env, napi_value deliver, void* context, void* data);
  // `added` more are ready than before.
  void Announce(size_t added) REQUIRES_LOCK(mutex_);

  napi_threadsafe_function wake_ = nullptr;
  size_t pending_ = 0;  // expected and not delivered; JavaScript's thread only
  Mutex mutex_;
  CondVar pushed_;
  bool closing_ GUARDED_BY(mutex_) = false;
  bool held_ GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<Completion>> ready_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Completion>> delivering_;  // keeps its capacity from batch to batch
};

}  // namespace tensorgate
