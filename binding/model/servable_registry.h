// The process-wide table of loaded models: any environment (the main thread, every worker thread)
// reaches a model by its id. A model is freed only when nobody holds it: the registry lets go at
// Remove(), a run in flight keeps its own reference. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "model/servable.h"
#include "pool/mutex.h"
#include "pool/worker_pool.h"

namespace tensorgate {

class ServableRegistry {
 public:
  // Models are freed on `disposers`, since closing a session can take long.
  explicit ServableRegistry(WorkerPool* disposers) : disposers_(disposers) {}

  uint32_t Add(std::unique_ptr<Servable> model);

  // Null when there is no such model.
  std::shared_ptr<const Servable> Find(uint32_t id);

  // The model can be found no more. `when_freed` runs, on the disposers' pool, once the last run
  // is over and the session's memory is given back. False when there is no such model; `when_freed`
  // then stays with the caller.
  [[nodiscard]] bool Remove(uint32_t id, std::unique_ptr<Job>* when_freed);

 private:
  struct Entry;

  WorkerPool* const disposers_;
  Mutex mutex_;
  uint32_t next_id_ GUARDED_BY(mutex_) = 1;
  std::unordered_map<uint32_t, std::shared_ptr<Entry>> entries_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate
