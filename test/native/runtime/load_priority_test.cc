#include "runtime/load_priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
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
