#include "runtime/run_delay.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace tensorgate {
namespace {

using std::chrono::milliseconds;

void SpinFor(milliseconds time) {
  const auto ends = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < ends) {
  }
}

// On the one CPU that another thread keeps busy, until `rival` ends.
template <typename Function>
void BesideARival(const Function& function) {
  cpu_set_t all, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  }
  std::thread([&] {
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    std::atomic<bool> done{false};
    std::thread rival([&] {  // has the affinity of who starts it
      while (!done) {
      }
    });
    function();
    done = true;
    rival.join();
  }).join();
}

TEST(RunDelayTest, LeavesOutTheWaitForACpu) {
  BesideARival([] {
    const RunStopwatch stopwatch;
    SpinFor(milliseconds(300));
    std::chrono::nanoseconds elapsed, run;
    stopwatch.Stop(&elapsed, &run);
    EXPECT_GE(elapsed, milliseconds(300));
    EXPECT_GT(run.count(), 0);
    if (RunDelay().count() == 0) GTEST_SKIP() << "this kernel does not tell of /proc schedstat";
    EXPECT_LT(run, elapsed - milliseconds(20));
  });
}

TEST(RunDelayTest, TakesNothingOffThatWasOutside) {
  BesideARival([] {
    for (int i = 0; i < 2000; ++i) {
      const RunStopwatch stopwatch;
      SpinFor(milliseconds(0));
      std::chrono::nanoseconds elapsed, run;
      stopwatch.Stop(&elapsed, &run);
      ASSERT_GE(run.count(), 0);
      ASSERT_LE(run, elapsed);
    }
  });
}

}  // namespace
}  // namespace tensorgate
