// What the whole process shares, whatever the number of JavaScript environments: the pools and the
// registry of loaded models. Never destroyed: worker threads may outlive main().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "access/access_control.h"
#include "model/run_statistics.h"
#include "model/servable_registry.h"
#include "net/memory_budget.h"
#include "pool/worker_pool.h"

namespace tensorgate {

struct PoolSizes {
  size_t run_threads = 0;  // 0: one for each CPU
  size_t run_queue_capacity = 4096;
  size_t load_threads = 1;
};

struct Process {
  // The first call fixes the sizes; later sizes are ignored, since the pools exist by then.
  static Process& Get(const PoolSizes& sizes = PoolSizes());

  explicit Process(const PoolSizes& sizes);

  WorkerPool runs;
  // Large bodies whose runs are batched: behind a running batch they would be decoded too late to
  // be in the next one. As large as the run pool.
  WorkerPool decodes;
  WorkerPool loads;
  // Event loops in a turn with runs of their own (DirectRuns), so that they take a CPU each.
  std::atomic<size_t> loops_with_runs{0};
  ServableRegistry registry;
};

// Who is asked about requests from which listeners.
enum class AccessSurface : uint8_t { kPublic = 0, kAdmin = 1 };

// Apart from the rest, since it is configured before the sizes of the pools are known. THREAD: any.
AccessControl& Access(AccessSurface surface);

// What the requests of a transport may hold at once. `shares`: one budget for the transports of
// that protocol in all environments; as long as one of them has it, the others get the same.
// THREAD: any.
std::shared_ptr<MemoryBudget> BudgetOf(RequestProtocol protocol, size_t limit, bool shares);

}  // namespace tensorgate
