#include "runtime/inference_call.h"

#include <time.h>

namespace tensorgate {
namespace {

std::chrono::nanoseconds ThreadCpuTime() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

bool InferenceCall::IsShort() const {
  const RunPace* const known = pace();
  return known != nullptr && known->IsShort();
}

Status InferenceCall::RunOnLoop(OutputBuffer* out) {
  RunPace* const known = pace();
  if (!known->WantsCpuTime()) {
    Status status = RunAndEncode(out);
    known->RecordLasted(run_time_);
    return status;
  }
  const std::chrono::nanoseconds before = ThreadCpuTime();
  Status status = RunAndEncode(out);
  known->RecordOnLoop(ThreadCpuTime() - before);
  return status;
}

}  // namespace tensorgate
