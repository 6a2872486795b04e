#include "runtime/worker_pool.h"

#include <pthread.h>

#include <utility>

namespace tensorgate {

WorkerPool::WorkerPool(std::string name, size_t threads, size_t capacity)
    : name_(std::move(name)), thread_count_(threads > 0 ? threads : 1), capacity_(capacity) {}

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

bool WorkerPool::Post(std::unique_ptr<Job>* job) { return Enqueue(job, true); }

void WorkerPool::PostAlways(std::unique_ptr<Job> job) { (void)Enqueue(&job, false); }

bool WorkerPool::Enqueue(std::unique_ptr<Job>* job, bool bounded) {
  bool wake = false;
  {
    MutexLock lock(&mutex_);
    if (bounded && queue_.size() >= capacity_) return false;
    while (threads_.size() < thread_count_) threads_.emplace_back([this] { Work(); });
    queue_.push_back(std::move(*job));
    // Only a sleeper that nobody has called yet needs a call: workers that are up look at the
    // queue before they sleep. A burst of posts so costs one system call, not one each.
    if (idle_ > 0) {
      --idle_;
      ++wake_ups_;
      wake = true;
    }
  }
  if (wake) wake_.NotifyOne();
  return true;
}

void WorkerPool::Work() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  for (;;) {
    std::unique_ptr<Job> job;
    {
      MutexLock lock(&mutex_);
      while (queue_.empty()) {
        if (stopping_) return;
        ++idle_;
        while (wake_ups_ == 0 && !stopping_) wake_.Wait(&mutex_);
        if (wake_ups_ > 0) --wake_ups_;
      }
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    Job* running = job.get();
    running->Run(std::move(job));
  }
}

}  // namespace tensorgate
