#include "pool/load_priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <thread>

namespace tensorgate {
namespace {

int Niceness() { return getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid))); }

TEST(LoadPriorityTest, LowersTheCallingThreadAlone) {
  const int before = Niceness();
  int after = before;
  AllowYielding();
  std::thread([&after] {
    YieldToRequests();
    after = Niceness();
  }).join();
  EXPECT_EQ(after, std::min(19, before + kLoadNiceness));  // 19 is the kernel's most
  EXPECT_EQ(Niceness(), before);
}

// UNITS: nanoseconds; 0 where the kernel has none of a thread's own.
uint64_t Slice() {
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes = {};
  const auto given = syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0);
  return given == 0 ? attributes.runtime : 0;
}

TEST(LoadPriorityTest, LetsEveryThreadThatWakesUpInterrupt) {
  const uint64_t before = Slice();
  if (before == 0) GTEST_SKIP() << "Linux before 6.12";
  uint64_t after = 0;
  AllowYielding();
  std::thread([&after] {
    YieldToRequests();
    after = Slice();
  }).join();
  EXPECT_GT(after, before) << "only against a longer slice does a thread assert itself";
  EXPECT_EQ(Slice(), before);
}

TEST(LoadPriorityTest, MeasuresAtThePriorityOfRequests) {
  const int before = Niceness();
  int here = before + 1, measured = before + 1;
  AtRequestPriority([&here] { here = Niceness(); });
  EXPECT_EQ(here, before);
  AllowYielding();
  std::thread([&measured] {
    YieldToRequests();
    for (int again = 0; again < 2; ++again) AtRequestPriority([&] { measured = Niceness(); });
  }).join();
  EXPECT_EQ(measured, before);
}

}  // namespace
}  // namespace tensorgate
