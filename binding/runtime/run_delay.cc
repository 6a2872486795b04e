#include "runtime/run_delay.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tensorgate {

std::chrono::nanoseconds RunDelay() {
  const int file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[128];
  const ssize_t length = read(file, text, sizeof(text) - 1);
  close(file);
  if (length <= 0) return {};
  text[length] = '\0';
  // Time on a CPU, time waiting for one, turns.
  long long delay = 0;
  return std::chrono::nanoseconds(std::sscanf(text, "%*d %lld", &delay) == 1 ? delay : 0);
}

RunStopwatch::RunStopwatch() : opened_(Clock::now()), delay_(RunDelay()), started_(Clock::now()) {}

void RunStopwatch::Stop(std::chrono::nanoseconds* elapsed, std::chrono::nanoseconds* run) const {
  const Clock::time_point stopped = Clock::now();
  const std::chrono::nanoseconds delay = RunDelay() - delay_;
  *elapsed = stopped - started_;
  const std::chrono::nanoseconds reading = (started_ - opened_) + (Clock::now() - stopped);
  *run = *elapsed - std::max<std::chrono::nanoseconds>(delay - reading, {});
}

}  // namespace tensorgate
