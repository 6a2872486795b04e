// LoadStop: tells a load that nobody waits for it any more. Asked between its steps: TensorFlow's
// own cannot be interrupted. Any thread.
#pragma once

#include <atomic>

#include "status/status.h"

namespace tensorgate {

class LoadStop {
 public:
  void Stop() { stopped_.store(true, std::memory_order_relaxed); }
  bool IsStopped() const { return stopped_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> stopped_{false};
};

// Null is never stopped.
inline bool IsStopped(const LoadStop* stop) { return stop != nullptr && stop->IsStopped(); }

// Upstream's.
inline Status LoadCancelled() { return Status(Code::kCancelled, "Loading of servable cancelled"); }

}  // namespace tensorgate
