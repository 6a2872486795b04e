#include "runtime/load_priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace tensorgate {
namespace {

std::atomic<bool> may_yield{false};

}  // namespace

void YieldToRequests() {
  thread_local bool yields = false;
  if (yields || !may_yield.load(std::memory_order_acquire)) return;
  yields = true;
  // On Linux the niceness is a thread's own. A refusal leaves the priority as it is.
  const id_t thread = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + kLoadNiceness);
}

void AllowYielding() { may_yield.store(true, std::memory_order_release); }

}  // namespace tensorgate
