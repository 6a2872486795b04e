// Which of the plans that a trial has timed is taken.
#pragma once

#include <chrono>
#include <vector>

#include "plan/trial.h"

namespace tensorgate {

struct PlanPreference {
  bool wants_frozen = false;    // whatever the times are
  bool wants_openvino = false;  // likewise
  bool shares_weights = false;  // the frozen plan takes no more memory than the graph as saved
};

// By more than the trial's noise.
bool IsFaster(std::chrono::nanoseconds one, std::chrono::nanoseconds other);

PlanKind FastestPlan(const std::vector<Candidate>& candidates, const PlanPreference& preference);

// Of OpenVINO's candidates: whether a run has one thread; else all CPUs, which make less of their
// time. REQUIRES: one of them at least.
bool HasOneThreadARun(const std::vector<Candidate>& candidates);

}  // namespace tensorgate
