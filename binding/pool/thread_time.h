// How much CPU time the calling thread has had: what something takes, whatever else the machine
// does.
#pragma once

#include <chrono>
#include <ctime>

namespace tensorgate {

inline std::chrono::nanoseconds ThreadCpuTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace tensorgate
