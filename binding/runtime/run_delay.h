// How long a thread that could run had to wait for a CPU, so that a measurement can leave it out:
// loads have a low priority, and take turns with requests and with one another.
#pragma once

#include <chrono>

namespace tensorgate {

// Of the calling thread, since it began; 0 where the kernel does not tell (/proc/PID/schedstat).
// Takes some microseconds. Any thread.
std::chrono::nanoseconds RunDelay();

// Stopwatch: the time that the calling thread took less the time that it waited for a CPU.
class RunStopwatch {
 public:
  RunStopwatch();
  // Since the start, with and without the waiting. No wait outside is ever taken off: where one
  // came just before the start or after the end, the result is too long by as much as was needed
  // to read the delay.
  void Stop(std::chrono::nanoseconds* elapsed, std::chrono::nanoseconds* run) const;

 private:
  using Clock = std::chrono::steady_clock;
  const Clock::time_point opened_;
  const std::chrono::nanoseconds delay_;
  const Clock::time_point started_;
};

}  // namespace tensorgate
