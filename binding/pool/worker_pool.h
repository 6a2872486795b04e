// WorkerPool: own threads with a bounded queue, for runs and for loads. Never libuv's pool, which
// file system calls share. Jobs start in the order they were posted. Spare jobs fill idle time: one
// starts only when no other job waits, and at most half of the threads run them at once.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pool/mutex.h"
#include "pool/semaphore.h"

namespace tensorgate {

class Job {
 public:
  virtual ~Job() = default;
  // THREAD: the pool's. OWNERSHIP: the job owns itself from here on.
  virtual void Run(std::unique_ptr<Job> self) = 0;

  // Whether the thread that posted it may as well run it, by RunHere() in place of Run().
  virtual bool IsShort() const { return false; }
  virtual void RunHere(std::unique_ptr<Job> self) { Run(std::move(self)); }
};

class WorkerPool {
 public:
  // `name` is shown by thread listings (at most 15 characters). Threads start with the first job.
  WorkerPool(std::string name, size_t threads, size_t capacity);
  ~WorkerPool();  // finishes what is queued
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // OWNERSHIP: true takes the job; false (the queue is full) leaves it with the caller.
  // Never waits. Workers that sleep stay asleep until Wake(): who posts a burst wakes once, and the
  // kernel does not put a worker in the poster's place after each job. Any thread.
  [[nodiscard]] bool Post(std::unique_ptr<Job>* job);

  // Wakes as many sleeping workers as there are jobs for them. Any thread.
  void Wake();

  // The job that was posted last, for the caller to run, if it is short and each that waits before
  // it has a worker on its way; else null. Not `although_idle`: only if no worker is there for it.
  std::unique_ptr<Job> TakeShort(bool although_idle);

  // Whether a job that is posted now has to wait for another one to end.
  bool IsBusy();

  // Posts a spare job, which starts after the next Wake(). OWNERSHIP: as Post; false also when the
  // queue is more than a quarter full. Any thread.
  [[nodiscard]] bool PostSpare(std::unique_ptr<Job>* job);

  // Posts regardless of the capacity, and wakes: for work that frees memory.
  void PostAlways(std::unique_ptr<Job> job);

  size_t threads() const { return thread_count_; }

  // As it is now: how many threads have something to do, and how many jobs wait. Any thread.
  struct Load {
    size_t busy = 0;
    size_t waiting = 0;
  };
  Load load();

 private:
  void Work();
  size_t CallIdle(size_t most) REQUIRES_LOCK(mutex_);
  bool MayStartSpare() const REQUIRES_LOCK(mutex_) {
    return !spare_.empty() && spare_running_ < most_spare_running_;
  }
  // Whether all workers have something to do, `waiting` jobs being in the queue.
  bool AreTaken(size_t waiting) const REQUIRES_LOCK(mutex_) {
    return idle_ == 0 && wake_ups_ <= waiting && threads_.size() == thread_count_;
  }
  bool HasWork() const REQUIRES_LOCK(mutex_) { return !queue_.empty() || MayStartSpare(); }

  const std::string name_;
  const size_t thread_count_;
  const size_t capacity_;
  const size_t most_spare_running_;
  Mutex mutex_;
  Semaphore wake_;  // posted for each worker that is called
  std::deque<std::unique_ptr<Job>> queue_ GUARDED_BY(mutex_);
  std::deque<std::unique_ptr<Job>> spare_ GUARDED_BY(mutex_);
  size_t spare_running_ GUARDED_BY(mutex_) = 0;
  size_t idle_ GUARDED_BY(mutex_) = 0;      // sleeping, and nobody has called them yet
  size_t wake_ups_ GUARDED_BY(mutex_) = 0;  // called, but not up yet
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate
