#include "grpc/connection_age.h"

#include <gtest/gtest.h>

#include <set>

namespace tensorgate {
namespace {

TEST(ConnectionAge, DiffersByATenth) {
  RandomNumbers numbers(1);
  std::set<uint64_t> ages;
  for (int i = 0; i < 1000; i++) {
    const uint64_t age = ConnectionAge(300'000, &numbers);
    EXPECT_GE(age, 270'000u);
    EXPECT_LE(age, 330'000u);
    ages.insert(age);
  }
  EXPECT_GT(ages.size(), 900u);
  EXPECT_LT(*ages.begin(), 275'000u);
  EXPECT_GT(*ages.rbegin(), 325'000u);
}

TEST(ConnectionAge, IsEndlessWhereNothingIsSetAndOnlyThere) {
  RandomNumbers numbers(1);
  for (int i = 0; i < 100; i++) {
    EXPECT_EQ(ConnectionAge(0, &numbers), 0u);
    EXPECT_EQ(ConnectionAge(1, &numbers), 1u);
  }
}

}  // namespace
}  // namespace tensorgate
