#include "runtime/worker_pool.h"

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
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  wake_.NotifyAll();
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
    const size_t wanted = startable > wake_ups_ ? startable - wake_ups_ : 0;
    calls = wanted < idle_ ? wanted : idle_;
    idle_ -= calls;
    wake_ups_ += calls;
  }
  for (; calls > 0; --calls) wake_.NotifyOne();
}

void WorkerPool::Work() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  bool was_spare = false;
  for (;;) {
    std::unique_ptr<Job> job;
    {
      MutexLock lock(&mutex_);
      if (was_spare) --spare_running_;
      while (!HasWork()) {
        if (stopping_) return;
        ++idle_;
        while (wake_ups_ == 0 && !stopping_) wake_.Wait(&mutex_);
        if (wake_ups_ > 0) --wake_ups_;
      }
      was_spare = queue_.empty();
      if (was_spare) ++spare_running_;
      std::deque<std::unique_ptr<Job>>& source = was_spare ? spare_ : queue_;
      job = std::move(source.front());
      source.pop_front();
    }
    Job* running = job.get();
    running->Run(std::move(job));
  }
}

}  // namespace tensorgate
