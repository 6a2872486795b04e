// Semaphore: wakes threads and never waits for them. To signal a condition variable may mean to
// wait, in glibc 2.36 at least, for workers that were woken before and have no CPU yet.
#pragma once

#include <semaphore.h>

#include <cerrno>

namespace tensorgate {

class Semaphore {
 public:
  Semaphore() { sem_init(&semaphore_, /*pshared=*/0, /*value=*/0); }
  ~Semaphore() { sem_destroy(&semaphore_); }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Never waits. Any thread.
  void Post() { sem_post(&semaphore_); }

  // Returns once for each Post().
  void Wait() {
    while (sem_wait(&semaphore_) != 0 && errno == EINTR) {
    }
  }

 private:
  sem_t semaphore_;
};

}  // namespace tensorgate
