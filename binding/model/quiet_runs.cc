#include "model/quiet_runs.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <mutex>

namespace tensorgate {
namespace {

std::atomic<int> quiet_runs{0};  // of all threads
thread_local int own_quiet_runs = 0;

bool IsTensorFlowsThread() {
  char name[16] = {};  // as the kernel has it
  prctl(PR_GET_NAME, name);
  return std::string_view(name).substr(0, 3) == "tf_";
}

bool IsToBeDropped(std::string_view written) {
  if (quiet_runs.load(std::memory_order_relaxed) == 0) return false;
  return (own_quiet_runs > 0 || IsTensorFlowsThread()) && IsAboutFailedRun(written);
}

// A stream's write function: 0 is an error.
ssize_t Write(void*, const char* data, size_t size) {
  if (IsToBeDropped({data, size})) return static_cast<ssize_t>(size);
  size_t written = 0;
  while (written < size) {
    const ssize_t count = write(STDERR_FILENO, data + written, size - written);
    if (count < 0 && errno != EINTR) break;
    if (count > 0) written += static_cast<size_t>(count);
  }
  return static_cast<ssize_t>(written);
}

// glibc's `stderr` is a variable, made to be set. The stream before it is not closed: another
// thread may be writing to it.
void ReplaceStderr() {
  FILE* stream = fopencookie(nullptr, "w", {nullptr, &Write, nullptr, nullptr});
  if (stream == nullptr) return;
  setvbuf(stream, nullptr, _IONBF, 0);
  stderr = stream;
}

}  // namespace

QuietRuns::QuietRuns() {
  static std::once_flag replaced;
  std::call_once(replaced, ReplaceStderr);
  quiet_runs.fetch_add(1, std::memory_order_relaxed);
  ++own_quiet_runs;
}

QuietRuns::~QuietRuns() {
  --own_quiet_runs;
  quiet_runs.fetch_sub(1, std::memory_order_relaxed);
}

bool QuietRuns::HasOne() { return own_quiet_runs > 0; }

bool IsAboutFailedRun(std::string_view written) {
  // Behind "W0000 00:00:1795941901.518171   25660 op_kernel.cc:1858".
  for (std::string_view text : {"] OP_REQUIRES failed at ", "] Local rendezvous is aborting "}) {
    const size_t at = written.find(text);
    if (at < written.find('\n')) return true;
  }
  return false;
}

}  // namespace tensorgate
