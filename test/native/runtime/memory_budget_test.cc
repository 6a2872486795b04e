#include "net/memory_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace tensorgate {
namespace {

TEST(MemoryBudgetTest, GivesNoMoreThanItHas) {
  MemoryBudget budget(10);
  EXPECT_TRUE(budget.Take(6));
  EXPECT_FALSE(budget.Take(5));
  EXPECT_EQ(budget.used(), 6u);
  EXPECT_TRUE(budget.Take(4));
  budget.Give(10);
  EXPECT_EQ(budget.used(), 0u);
}

TEST(MemoryBudgetTest, KeepsItsLimitAmongThreadsThatTakeAtOnce) {
  constexpr size_t kLimit = 3;
  MemoryBudget budget(kLimit);
  std::atomic<size_t> held{0};
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20'000; ++round) {
        HeldBytes mine;
        if (!mine.Raise(&budget, 1)) continue;
        if (held.fetch_add(1) + 1 > kLimit) exceeded = true;
        held.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(budget.used(), 0u);
}

}  // namespace
}  // namespace tensorgate
