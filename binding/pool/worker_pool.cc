#include "pool/worker_pool.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace tensorgate {

WorkerPool::WorkerPool(std::string name, size_t threads, size_t capacity)
    : name_(std::move(name)),
      thread_count_(threads > 0 ? threads : 1),
      capacity_(capacity),
      most_spare_running_(thread_count_ > 1 ? thread_count_ / 2 : 1) {}

WorkerPool::~WorkerPool() {
  std::vector<std::thread> threads;
  size_t calls = 0;
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    calls = CallIdle(idle_);
    threads.swap(threads_);
  }
  for (; calls > 0; --calls) wake_.Post();
  for (std::thread& thread : threads) thread.join();
}

bool WorkerPool::Post(std::unique_ptr<Job>* job) {
  MutexLock lock(&mutex_);
  if (queue_.size() >= capacity_) return false;
  queue_.push_back(std::move(*job));
  return true;
}

bool WorkerPool::PostSpare(std::unique_ptr<Job>* job) {
  MutexLock lock(&mutex_);
  if (queue_.size() > capacity_ / 4 || spare_.size() >= capacity_) return false;
  spare_.push_back(std::move(*job));
  return true;
}

WorkerPool::Load WorkerPool::load() {
  MutexLock lock(&mutex_);
  const size_t resting = std::min(idle_ + wake_ups_, threads_.size());
  return {threads_.size() - resting, queue_.size() + spare_.size()};
}

void WorkerPool::PostAlways(std::unique_ptr<Job> job) {
  {
    MutexLock lock(&mutex_);
    queue_.push_back(std::move(job));
  }
  Wake();
}

void WorkerPool::Wake() {
  size_t calls = 0;
  {
    MutexLock lock(&mutex_);
    while (threads_.size() < thread_count_) threads_.emplace_back([this] { Work(); });
    // Workers that are up, or on their way up, look at the queue before they sleep.
    const size_t startable =
        queue_.size() + std::min(spare_.size(), most_spare_running_ - spare_running_);
    calls = CallIdle(startable > wake_ups_ ? startable - wake_ups_ : 0);
  }
  for (; calls > 0; --calls) wake_.Post();
}

std::unique_ptr<Job> WorkerPool::TakeShort(bool although_idle) {
  MutexLock lock(&mutex_);
  if (queue_.empty()) return nullptr;
  const size_t before = queue_.size() - 1;
  if (before > wake_ups_ || !(although_idle || AreTaken(before)) || !queue_.back()->IsShort()) {
    return nullptr;
  }
  std::unique_ptr<Job> job = std::move(queue_.back());
  queue_.pop_back();
  return job;
}

bool WorkerPool::IsBusy() {
  MutexLock lock(&mutex_);
  return AreTaken(queue_.size());
}

// Returns how many posts the caller owes, once it has let go of the lock.
size_t WorkerPool::CallIdle(size_t most) {
  const size_t calls = std::min(most, idle_);
  idle_ -= calls;
  wake_ups_ += calls;
  return calls;
}

void WorkerPool::Work() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  bool was_called = false;
  bool was_spare = false;
  for (;;) {
    std::unique_ptr<Job> job;
    {
      MutexLock lock(&mutex_);
      if (was_called) --wake_ups_;
      if (was_spare) --spare_running_;
      was_spare = false;
      if (HasWork()) {
        was_spare = queue_.empty();
        if (was_spare) ++spare_running_;
        std::deque<std::unique_ptr<Job>>& source = was_spare ? spare_ : queue_;
        job = std::move(source.front());
        source.pop_front();
      } else if (stopping_) {
        return;
      } else {
        ++idle_;
      }
    }
    was_called = job == nullptr;
    if (was_called) {
      wake_.Wait();
      continue;
    }
    Job* running = job.get();
    running->Run(std::move(job));
  }
}

}  // namespace tensorgate
