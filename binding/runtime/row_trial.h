// RowTrial: whether the rows of a signature are independent, so that requests which know nothing of
// each other may share a run. Found out by running it on made-up rows: what the other rows hold
// must not change a bit of a row's outputs, not even when they hold NaN; and a row must come out
// the same alone, but for rounding. Graphs whose values decide what is computed are not tried,
// since what holds for some values need not hold for others. THREAD: load pool; blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "runtime/saved_model.h"

namespace tensorgate {

struct RowTrialLimits {
  size_t max_signatures = 16;
  size_t max_input_bytes = size_t{64} << 20;  // of one signature's inputs together
  std::chrono::milliseconds time{10000};      // no signature is begun after it
};

struct RowTrialResult {
  std::string signature;
  std::string refusal;  // why its requests run alone; empty: its rows are independent
  // The fastest of a few runs of one row and of two; zero where refused.
  std::chrono::nanoseconds one_row{0};
  std::chrono::nanoseconds two_rows{0};
};

// What can be said without a run, of every signature in their order; those left to be tried have no
// refusal. REQUIRES: the model has its graph as it was saved (no other was adopted).
std::vector<RowTrialResult> PlanRowTrial(const SavedModel& model);

// Tries those, and marks the ones whose rows are independent: from here on only they share runs
// (SavedModel::ProveRows). No result fails a load. `results` are PlanRowTrial()'s.
void RunRowTrial(const RowTrialLimits& limits, SavedModel* model,
                 std::vector<RowTrialResult>* results);

}  // namespace tensorgate
