// What becomes of jobs that are running when the process exits.
#pragma once

#include <vector>

#include "pool/worker_pool.h"

namespace tensorgate {

// Has exit() end the process at once, with the status it was given, where one of the pools has
// something to do then: exit() takes libraries down, and a thread that is inside one then crashes.
// To be called last: exit() goes through what it has to do from the last to the first, and
// libraries add theirs as they are loaded. OWNERSHIP: borrows the pools, for good. THREAD: any.
void LeaveJobsAtExit(const std::vector<WorkerPool*>& pools);

}  // namespace tensorgate
