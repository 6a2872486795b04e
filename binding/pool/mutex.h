// Mutex and CondVar with clang's thread-safety annotations: `-Wthread-safety` proves that what is
// GUARDED_BY a lock is touched only under it. With other compilers the annotations vanish.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define TENSORGATE_TSA(x) __attribute__((x))
#else
#define TENSORGATE_TSA(x)
#endif

#define GUARDED_BY(lock) TENSORGATE_TSA(guarded_by(lock))
#define REQUIRES_LOCK(lock) TENSORGATE_TSA(requires_capability(lock))

namespace tensorgate {

class TENSORGATE_TSA(capability("mutex")) Mutex {
 public:
  void Lock() TENSORGATE_TSA(acquire_capability()) { mutex_.lock(); }
  void Unlock() TENSORGATE_TSA(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class TENSORGATE_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) TENSORGATE_TSA(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_->Lock();
  }
  ~MutexLock() TENSORGATE_TSA(release_capability()) { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

class CondVar {
 public:
  // Releases `mutex` while it waits. Wakes without cause are possible: wait in a loop.
  void Wait(Mutex* mutex) REQUIRES_LOCK(mutex) {
    std::unique_lock<std::mutex> held(mutex->mutex_, std::adopt_lock);
    condition_.wait(held);
    held.release();
  }
  // As Wait, for that long at most.
  void WaitFor(Mutex* mutex, std::chrono::milliseconds most) REQUIRES_LOCK(mutex) {
    std::unique_lock<std::mutex> held(mutex->mutex_, std::adopt_lock);
    condition_.wait_for(held, most);
    held.release();
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace tensorgate
