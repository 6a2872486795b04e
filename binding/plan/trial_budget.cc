#include "plan/trial_budget.h"

#include <algorithm>

namespace tensorgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// The trial of another plan is to make a load no longer than half as long again; what takes less
// than this in all may be tried in any case.
constexpr double kMostOfLoad = 0.5;
constexpr std::chrono::seconds kMayAlwaysTake{3};

// What it takes in terms of what the load took: variables are read in a run of its own, of which a
// load has about three; and a frozen graph's first run takes longer, since more can be optimized.
constexpr double kOfLoad = 0.35;
constexpr double kOfFirstRun = 1.25;

// Further inputs are compared, half of it as saved, and runs are timed, for this part of what the
// load took by the clock: on a busy machine, where it takes longer, so do good samples.
constexpr int kPart = 5;
constexpr milliseconds kLeastCompared{100};
constexpr milliseconds kMostCompared{2000};
constexpr milliseconds kMostTimed{2000};

milliseconds PartOf(nanoseconds load_time, milliseconds least, milliseconds most) {
  const auto part = std::chrono::duration_cast<milliseconds>(load_time / kPart);
  return std::max(least, std::min(part, most));
}

}  // namespace

TrialLimits LimitsOfTrial(nanoseconds load_time, uint32_t trial_millis) {
  TrialLimits limits;
  limits.comparison = PartOf(load_time, kLeastCompared, kMostCompared);
  limits.timing = PartOf(load_time, milliseconds(trial_millis), kMostTimed);
  return limits;
}

bool IsWorthATrial(nanoseconds load_cpu, nanoseconds first_run) {
  const std::chrono::duration<double> load = load_cpu, run = first_run;
  const std::chrono::duration<double> trial = kOfLoad * load + kOfFirstRun * run;
  return trial <= kMayAlwaysTake || trial <= kMostOfLoad * (load + run);
}

}  // namespace tensorgate
