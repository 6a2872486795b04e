#include "plan/fastest_plan.h"

#include <algorithm>

namespace tensorgate {
namespace {

// Another plan must be this much faster: the trial's noise is no reason, and frozen graphs take
// more memory. One with shared weights does not, and wins where it is not that much slower.
constexpr double kWorthwhile = 0.97;

// With all CPUs for one run at a time it must take so much less than with one for each.
constexpr double kAllCpusPay = 0.75;

constexpr auto kNone = std::chrono::nanoseconds::max();

template <typename Which>
std::chrono::nanoseconds TimeOf(const std::vector<Candidate>& candidates, Which which) {
  auto time = kNone;
  for (const Candidate& each : candidates) {
    if (each.agrees && which(each)) time = std::min(time, each.time);
  }
  return time;
}

}  // namespace

bool IsFaster(std::chrono::nanoseconds one, std::chrono::nanoseconds other) {
  return static_cast<double>(one.count()) < kWorthwhile * static_cast<double>(other.count());
}

PlanKind FastestPlan(const std::vector<Candidate>& candidates, const PlanPreference& preference) {
  const auto time_of = [&](PlanKind kind) {
    return TimeOf(candidates, [kind](const Candidate& each) { return each.kind == kind; });
  };
  PlanKind kind = PlanKind::kAsSaved;
  const auto frozen = time_of(PlanKind::kFrozen);
  const auto as_saved = time_of(PlanKind::kAsSaved);
  const bool pays =
      preference.shares_weights ? !IsFaster(as_saved, frozen) : IsFaster(frozen, as_saved);
  if (frozen != kNone && (preference.wants_frozen || pays)) kind = PlanKind::kFrozen;
  if (IsFaster(time_of(PlanKind::kFrozenXla), time_of(kind))) kind = PlanKind::kFrozenXla;
  const auto openvino = time_of(PlanKind::kOpenVino);
  const bool takes_engine = preference.wants_openvino || IsFaster(openvino, time_of(kind));
  return openvino != kNone && takes_engine ? PlanKind::kOpenVino : kind;
}

bool HasOneThreadARun(const std::vector<Candidate>& candidates) {
  const auto time_of = [&](bool in_caller_thread) {
    return TimeOf(candidates, [in_caller_thread](const Candidate& each) {
      return each.kind == PlanKind::kOpenVino &&
             each.execution.in_caller_thread == in_caller_thread;
    });
  };
  const auto all_cpus = time_of(false);
  return all_cpus == kNone || static_cast<double>(all_cpus.count()) >
                                  kAllCpusPay * static_cast<double>(time_of(true).count());
}

}  // namespace tensorgate
