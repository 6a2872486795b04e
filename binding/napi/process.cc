#include "napi/process.h"

#include <cstdint>
#include <thread>

#include "runtime/mutex.h"

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

namespace {

std::shared_ptr<MemoryBudget> SharedBudget(std::weak_ptr<MemoryBudget>* shared, size_t limit) {
  static Mutex* const mutex = new Mutex();
  const MutexLock lock(mutex);
  std::shared_ptr<MemoryBudget> budget = shared->lock();
  if (budget == nullptr) *shared = budget = std::make_shared<MemoryBudget>(limit);
  return budget;
}

}  // namespace

std::shared_ptr<MemoryBudget> SharedGrpcBudget(size_t limit) {
  static auto* const shared = new std::weak_ptr<MemoryBudget>();
  return SharedBudget(shared, limit);
}

std::shared_ptr<MemoryBudget> SharedHttpBudget(size_t limit) {
  static auto* const shared = new std::weak_ptr<MemoryBudget>();
  return SharedBudget(shared, limit);
}

}  // namespace tensorgate
