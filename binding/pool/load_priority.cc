#include "pool/load_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "pool/mutex.h"

namespace tensorgate {
namespace {

constexpr uint64_t kLoadSliceNanos = 100'000'000;  // the longest that Linux takes

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

// Linux from 6.6 on lets a thread of whatever niceness finish its slice, some 3 ms, while others
// wake up; from 6.12 on not against one whose slice is shorter. With the longest slice there is the
// calling thread loses the CPU as soon as any other thread of the process needs it; its share is
// that of its niceness as ever. Elsewhere nothing changes.
void LengthenSlice() {
  struct {  // sched_attr, which headers have not got everywhere
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes = {};
  attributes.size = sizeof(attributes);
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) return;
  if (attributes.policy != SCHED_OTHER) return;
  attributes.runtime = kLoadSliceNanos;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

void YieldToRequests() {
  if (yields || !may_yield.load(std::memory_order_acquire)) return;
  RequestPriorityThread::Get();
  yields = true;
  // On Linux the niceness is a thread's own. A refusal leaves the priority as it is.
  const id_t thread = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + kLoadNiceness);
  LengthenSlice();
}

void AtRequestPriority(const std::function<void()>& work) {
  yields ? RequestPriorityThread::Get().Do(work) : work();
}

void AllowYielding() { may_yield.store(true, std::memory_order_release); }

}  // namespace tensorgate
