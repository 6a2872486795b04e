// Flight: a run that others wait for, since their requests are equal to the one that it is for.
// Nobody blocks: who waits hands its job over, and gets it back on a pool when the flight has
// ended. Any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "cache/kept_outputs.h"
#include "cache/request_key.h"
#include "pool/mutex.h"
#include "pool/worker_pool.h"

namespace tensorgate {

// How a request comes to its run, and so whom it may wait for.
enum class RunBy {
  kPool,  // a job of its own on the run pool
  kTurn,  // the same, but it keeps tasks from one of the threads until it has ended
  kTask,  // a task, which runs when a thread is there for its batch
};

class Flight {
 public:
  // Beyond so many further ones run by themselves: what waits here is in no queue with a capacity.
  static constexpr size_t kMostWaiting = 4096;

  // `by`: of the request whose run it is.
  Flight(RequestKey key, RunBy by) : key_(std::move(key)), is_task_(by == RunBy::kTask) {}

  // Whether a request that comes to its run so may wait here: neither is there too many, nor would
  // it keep from its run what it waits for.
  bool Admits(RunBy by);

  // `job` is posted to `pool` when the flight ends, at once where it has. OWNERSHIP: takes the job,
  // which may be running elsewhere when this returns.
  void Await(WorkerPool* pool, std::unique_ptr<Job> job);
  bool has_ended();
  // Once it has ended; null: there is no answer to share, so that each has to run by itself.
  std::shared_ptr<const KeptOutputs> answer();

 private:
  friend class ResponseCache;
  // What comes after the first is not heard.
  void End(std::shared_ptr<const KeptOutputs> answer);

  RequestKey key_;              // the cache's: guarded by its lock
  bool is_registered_ = false;  // likewise
  const bool is_task_;

  Mutex mutex_;
  bool has_ended_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<const KeptOutputs> answer_ GUARDED_BY(mutex_);
  std::vector<std::pair<WorkerPool*, std::unique_ptr<Job>>> waiting_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate
