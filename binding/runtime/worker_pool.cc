#include "runtime/worker_pool.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace tensorgate {

WorkerPool::WorkerPool(std::string name, size_t threads, size_t capacity)
    : name_(std::move(name)), thread_count_(threads > 0 ? threads : 1), capacity_(capacity) {}

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
    calls = CallIdle(queue_.size() > wake_ups_ ? queue_.size() - wake_ups_ : 0);
  }
  for (; calls > 0; --calls) wake_.Post();
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
  for (;;) {
    std::unique_ptr<Job> job;
    {
      MutexLock lock(&mutex_);
      if (was_called) --wake_ups_;
      if (!queue_.empty()) {
        job = std::move(queue_.front());
        queue_.pop_front();
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
