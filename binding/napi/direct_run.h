// DirectRun: a request that is run and answered without entering JavaScript, and the queue on which
// it comes back to the event loop. One wake-up brings all that are ready.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "access/access_control.h"
#include "cache/cache_use.h"
#include "cache/flight.h"
#include "call/inference_call.h"
#include "call/request_traces.h"
#include "call/request_track.h"
#include "codec/method.h"
#include "model/run_statistics.h"
#include "net/received_bytes.h"
#include "net/uv.h"
#include "pool/mutex.h"
#include "pool/worker_pool.h"

namespace tensorgate {

class DirectRun;

// As whom a request was let in, and its place within the limits.
struct Admission {
  uint32_t principal = AccessControl::kNobody;
  AccessTicket ticket;
};

class DirectQueue {
 public:
  // `wake` is sent when something is ready. THREAD: the loop's.
  DirectQueue(uv_handle_t* wake, std::shared_ptr<MemoryBudget> budget)
      : budget_(std::move(budget)), wake_(wake) {}
  // Of the requests that are received or run: here since it must outlive the last of the runs.
  MemoryBudget* budget() { return budget_.get(); }
  // From here on nothing is kept, and `wake` not touched. THREAD: the loop's.
  void Close();
  // Blocks until all that is handed out is back: what runs must not outlive the process. THREAD:
  // the loop's.
  void AwaitAll();
  // Swaps what is ready into `out`, which is empty. THREAD: the loop's.
  void Take(std::vector<std::unique_ptr<DirectRun>>* out);
  // So many are handed out, of which Push() brings each back; or, negative, were not. THREAD: the
  // loop's.
  void HandOut(ptrdiff_t runs);
  // Takes all. THREAD: any.
  void Push(std::vector<std::unique_ptr<DirectRun>>* runs);

 private:
  const std::shared_ptr<MemoryBudget> budget_;
  Mutex mutex_;
  uv_handle_t* wake_ GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<DirectRun>> ready_ GUARDED_BY(mutex_);
  ptrdiff_t handed_out_ GUARDED_BY(mutex_) = 0;
  CondVar all_back_;
};

class DirectRun {
 public:
  using Clock = std::chrono::steady_clock;
  // Of `model`: how its requests come and go on the wire.
  using NewCall = std::unique_ptr<InferenceCall> (*)(std::shared_ptr<const Servable> model,
                                                     Method method, bool as_content);

  DirectRun(std::shared_ptr<DirectQueue> queue, void* who, NewCall new_call, Method run_method,
            std::shared_ptr<const Servable> model, bool as_content)
      : queue_(std::move(queue)),
        caller(who),
        method(run_method),
        statistics(&model->statistics()),
        model_(std::move(model)),
        new_call_(new_call),
        as_content_(as_content),
        track_(*model_, run_method, started) {}

  // Whether requests of its model take so little time that several in a row are better off with one
  // hand-over than with one each.
  bool is_short() const;

  // What its client wants of kept answers. Before it is added.
  void SetCacheUse(CacheUse use) { cache_use_ = use; }

  // With StageSpans. Before it is added.
  void SetTrace(std::shared_ptr<RequestTrace> its) {
    trace = std::move(its);
    track_.KeepSpans();
  }
  // REQUIRES: a trace; after a run.
  std::unique_ptr<StageSpans> TakeSpans() { return track_.TakeSpans(); }

  // Runs it if that is known to be short; false: it is for the run pool, which may go on with what
  // was done. THREAD: the loop's.
  bool RunHere();
  // After a run.
  Clock::time_point ended() const { return ended_; }

  // In place of a run.
  void Refuse(Status why);

  // Nobody waits for it any more. THREAD: the loop's.
  void Forsake() {
    caller = nullptr;
    gone_.store(true, std::memory_order_relaxed);
  }

 private:
  // First, so that it is destroyed last: `request` has a part of its budget.
  const std::shared_ptr<DirectQueue> queue_;

 public:
  // Of the loop: what waits for it, or null; and a number of the transport's own.
  void* caller;
  uint32_t tag = 0;
  const Method method;
  const Clock::time_point started = Clock::now();
  Clock::time_point deadline = Clock::time_point::max();
  ModelStatistics* const statistics;
  Admission admission;                  // until it is answered
  std::string peer;                     // for the access log, where there is one
  std::shared_ptr<RequestTrace> trace;  // null: it has none
  // Decoded by the run, so that what is allocated for it is freed by the same thread. Kept for the
  // case that JavaScript is to say what was wrong with it.
  ReceivedBytes request;

  // The outcome.
  Status status;
  OutputBuffer reply;

 private:
  friend class DirectBurst;
  // THREAD: the run pool's. True: it was short. With `awaited` it has not ended, but is to be run
  // again when that has.
  bool Run(std::shared_ptr<Flight>* awaited);
  Status Decode();
  Clock::duration End(Clock::time_point began);
  void EndTrack();

  Clock::time_point ended_;
  std::atomic<bool> gone_{false};
  std::shared_ptr<const Servable> model_;
  std::unique_ptr<InferenceCall> inference_;  // once it is decoded
  const NewCall new_call_;
  const bool as_content_;
  CacheUse cache_use_ = CacheUse::kAllow;
  RequestTrack track_;  // last: it ends before what holds the model
};

// Runs that one thread does one after the other.
class DirectBurst : public Job {
 public:
  static constexpr size_t kMostRuns = 8;

  // REQUIRES: one at least.
  DirectBurst(std::shared_ptr<DirectQueue> queue, std::vector<std::unique_ptr<DirectRun>> runs)
      : queue_(std::move(queue)), runs_(std::move(runs)) {}

  void Run(std::unique_ptr<Job> self) override;

  // What it has taken, for when it is not run.
  std::vector<std::unique_ptr<DirectRun>>& runs() { return runs_; }

 private:
  const std::shared_ptr<DirectQueue> queue_;
  std::vector<std::unique_ptr<DirectRun>> runs_;
};

}  // namespace tensorgate
