// RowTrial: a check of what was proven of rows, with synthetic ones: what the other rows hold
// (others, large numbers, NaN) must not change a bit of a row's outputs, and a row must come out
// the same alone, but for rounding. Measures besides what runs of one row and of two take. THREAD:
// load pool; blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "pool/load_stop.h"
#include "warmup/row_independence.h"

namespace tensorgate {

struct RowTrialLimits {
  size_t max_signatures = 16;
  size_t max_input_bytes = size_t{64} << 20;  // of one signature's inputs together
  std::chrono::milliseconds time{10000};      // no signature is begun after it
  const LoadStop* stop = nullptr;             // nor once it is stopped
  bool only_proven_share = true;              // as TakeRows()
};

// Runs the signatures that have no refusal; one whose proof does not hold gets one. Those that
// synthetic rows cannot be had for stay what they are. Marks the signatures whose rows are
// independent (Servable::ProveRows). No result fails a load.
void RunRowTrial(const RowTrialLimits& limits, Servable* model,
                 std::vector<SignatureRows>* results);

// The same with what an earlier trial of the same graph found out: nothing is run. REQUIRES:
// `results` are of the model's signatures, in their order. `only_proven_share`: from here on only
// those whose rows are independent share runs.
void TakeRows(const std::vector<SignatureRows>& results, bool only_proven_share, Servable* model);

}  // namespace tensorgate
