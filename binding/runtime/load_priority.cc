#include "runtime/load_priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "runtime/mutex.h"

namespace tensorgate {
namespace {

std::atomic<bool> may_yield{false};
thread_local bool yields = false;

// Started before the first thread yields: a thread inherits the priority of who starts it.
class RequestPriorityThread {
 public:
  static RequestPriorityThread& Get() {
    static auto* const thread = new RequestPriorityThread();  // never ends: no load may outlive it
    return *thread;
  }

  void Do(const std::function<void()>& work) {
    MutexLock lock(&mutex_);
    while (work_ != nullptr) changed_.Wait(&mutex_);
    work_ = &work;
    is_done_ = false;
    changed_.NotifyAll();
    while (!is_done_) changed_.Wait(&mutex_);
    work_ = nullptr;
    changed_.NotifyAll();
  }

 private:
  RequestPriorityThread() {
    std::thread([this] { Work(); }).detach();
  }

  void Work() {
    pthread_setname_np(pthread_self(), "tensorgate-tim");
    MutexLock lock(&mutex_);
    while (true) {
      while (work_ == nullptr || is_done_) changed_.Wait(&mutex_);
      const std::function<void()>& work = *work_;
      mutex_.Unlock();
      work();
      mutex_.Lock();
      is_done_ = true;
      changed_.NotifyAll();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  const std::function<void()>* work_ GUARDED_BY(mutex_) = nullptr;
  bool is_done_ GUARDED_BY(mutex_) = false;
};

}  // namespace

void YieldToRequests() {
  if (yields || !may_yield.load(std::memory_order_acquire)) return;
  RequestPriorityThread::Get();
  yields = true;
  // On Linux the niceness is a thread's own. A refusal leaves the priority as it is.
  const id_t thread = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + kLoadNiceness);
}

void AtRequestPriority(const std::function<void()>& work) {
  yields ? RequestPriorityThread::Get().Do(work) : work();
}

void AllowYielding() { may_yield.store(true, std::memory_order_release); }

}  // namespace tensorgate
