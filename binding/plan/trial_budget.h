// How much of a load's time a trial of other plans may take.
#pragma once

#include <chrono>
#include <cstdint>

#include "plan/trial.h"

namespace tensorgate {

// `load_time`: what the load took up to here, by the clock. `trial_millis`: the least that runs are
// timed for.
TrialLimits LimitsOfTrial(std::chrono::nanoseconds load_time, uint32_t trial_millis);

// Whether there is a trial at all. `load_cpu`: CPU time that the load took up to here; `first_run`:
// that of the graph's first run as it was saved.
bool IsWorthATrial(std::chrono::nanoseconds load_cpu, std::chrono::nanoseconds first_run);

}  // namespace tensorgate
