#include "napi/process.h"

#include <array>
#include <cstdint>
#include <thread>

#include "pool/mutex.h"

namespace tensorgate {

Process::Process(const PoolSizes& sizes)
    : runs("tensorgate-run",
           sizes.run_threads > 0 ? sizes.run_threads : std::thread::hardware_concurrency(),
           sizes.run_queue_capacity),
      decodes("tensorgate-dec", runs.threads(), sizes.run_queue_capacity),
      loads("tensorgate-load", sizes.load_threads, SIZE_MAX),
      registry(&loads) {}

Process& Process::Get(const PoolSizes& sizes) {
  static Process* const process = new Process(sizes);
  return *process;
}

AccessControl& Access(AccessSurface surface) {
  static auto* const access = new std::array<AccessControl, 2>();
  return access->at(static_cast<size_t>(surface));
}

std::shared_ptr<MemoryBudget> BudgetOf(RequestProtocol protocol, size_t limit, bool shares) {
  if (!shares) return std::make_shared<MemoryBudget>(limit);
  using Shared = std::array<std::weak_ptr<MemoryBudget>, kRequestProtocols>;
  static Mutex* const mutex = new Mutex();
  static auto* const of_protocols = new Shared();
  const MutexLock lock(mutex);
  std::weak_ptr<MemoryBudget>& shared = (*of_protocols)[static_cast<size_t>(protocol)];
  std::shared_ptr<MemoryBudget> budget = shared.lock();
  if (budget == nullptr) shared = budget = std::make_shared<MemoryBudget>(limit);
  return budget;
}

}  // namespace tensorgate
