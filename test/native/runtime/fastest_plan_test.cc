// Which of the plans that a trial has timed is taken.
#include "plan/fastest_plan.h"

#include <gtest/gtest.h>

namespace tensorgate {
namespace {

Candidate Timed(PlanKind kind, int nanos, bool in_caller_thread = true) {
  Candidate candidate;
  candidate.kind = kind;
  candidate.execution.in_caller_thread = in_caller_thread;
  candidate.time = std::chrono::nanoseconds(nanos);
  return candidate;
}

TEST(FastestPlanTest, IsNoneThatIsFasterByNoiseAlone) {
  const auto with = [](int frozen) {
    return FastestPlan({Timed(PlanKind::kAsSaved, 1000), Timed(PlanKind::kFrozen, frozen)}, {});
  };
  EXPECT_EQ(with(980), PlanKind::kAsSaved);
  EXPECT_EQ(with(960), PlanKind::kFrozen);
}

TEST(FastestPlanTest, IsTheFrozenOneThatTakesNoMoreMemoryUnlessItIsSlower) {
  PlanPreference preference;
  preference.shares_weights = true;
  const auto with = [&](int frozen) {
    return FastestPlan({Timed(PlanKind::kAsSaved, 1000), Timed(PlanKind::kFrozen, frozen)},
                       preference);
  };
  EXPECT_EQ(with(1010), PlanKind::kFrozen);
  EXPECT_EQ(with(1050), PlanKind::kAsSaved);
}

TEST(FastestPlanTest, IsWhatIsAskedForHoweverSlowItIs) {
  PlanPreference preference;
  preference.wants_frozen = true;
  std::vector<Candidate> candidates = {Timed(PlanKind::kAsSaved, 1000),
                                       Timed(PlanKind::kFrozen, 5000)};
  EXPECT_EQ(FastestPlan(candidates, preference), PlanKind::kFrozen);
  preference.wants_openvino = true;
  EXPECT_EQ(FastestPlan(candidates, preference), PlanKind::kFrozen);  // there is no other
  candidates.push_back(Timed(PlanKind::kOpenVino, 9000));
  EXPECT_EQ(FastestPlan(candidates, preference), PlanKind::kOpenVino);
}

TEST(FastestPlanTest, IsNeverOneThatDoesNotAgree) {
  std::vector<Candidate> candidates = {Timed(PlanKind::kAsSaved, 1000),
                                       Timed(PlanKind::kFrozen, 500),
                                       Timed(PlanKind::kOpenVino, 100)};
  candidates[2].agrees = false;
  EXPECT_EQ(FastestPlan(candidates, {}), PlanKind::kFrozen);
  candidates[1].agrees = false;
  EXPECT_EQ(FastestPlan(candidates, {}), PlanKind::kAsSaved);
}

TEST(FastestPlanTest, HasOneThreadARunUnlessAllCpusTakeAQuarterLess) {
  const auto with = [](int all_cpus) {
    return HasOneThreadARun({Timed(PlanKind::kFrozen, 10), Timed(PlanKind::kOpenVino, 1000),
                             Timed(PlanKind::kOpenVino, all_cpus, /*in_caller_thread=*/false)});
  };
  EXPECT_TRUE(with(760));
  EXPECT_FALSE(with(740));
  EXPECT_TRUE(HasOneThreadARun({Timed(PlanKind::kOpenVino, 1000)}));
  EXPECT_FALSE(HasOneThreadARun({Timed(PlanKind::kOpenVino, 1000, false)}));
}

}  // namespace
}  // namespace tensorgate
