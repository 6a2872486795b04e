// SessionWeights: the resident weights of a session that has nothing to run for most of the time,
// put aside in a file until a run needs them. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <shared_mutex>
#include <vector>

#include "files/scratch_file.h"
#include "status/status.h"
#include "tensor/dtype.h"

namespace tensorgate {

class GraphSession;

class SessionWeights {
 public:
  // While one lives, the weights are there.
  using Hold = std::shared_lock<std::shared_mutex>;

  // OWNERSHIP: the session must outlive it.
  explicit SessionWeights(const GraphSession& session) : session_(session) {}

  // Copies the weights into a file. ERRORS: FAILED_PRECONDITION where that would be in memory, too;
  // the system's. REQUIRES: once, before the others.
  Status Write();

  // For a run; blocks where they must be read, which takes as long as a copy of them. ERRORS: the
  // system's, RESOURCE_EXHAUSTED.
  Status Take(Hold* hold);

  // Frees their memory when the runs in flight have ended, which it waits for.
  void PutAside();
  // If no run has needed them for that long and none does.
  void PutAsideAfter(std::chrono::seconds idle);

 private:
  struct Place {
    DataType dtype = DataType::kInvalid;
    std::vector<int64_t> dims;
    uint64_t offset = 0;
    size_t bytes = 0;
  };
  Status Assign(bool whole) const;
  void PutAsideLocked();

  const GraphSession& session_;
  ScratchFile file_;
  std::vector<Place> places_;  // of each weight
  std::shared_mutex mutex_;
  std::atomic<bool> is_aside_{false};   // is changed under mutex_
  std::atomic<int64_t> last_taken_{0};  // UNITS: seconds of the steady clock
};

}  // namespace tensorgate
