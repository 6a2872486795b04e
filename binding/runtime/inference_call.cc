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
  const std::chrono::nanoseconds before = ThreadCpuTime();
  Status status = RunAndEncode(out);
  pace()->RecordOnLoop(ThreadCpuTime() - before);
  return status;
}

}  // namespace tensorgate
