// The rows of a model's signatures: whether they are independent, so that requests which know
// nothing of each other may share a run. THREAD: load pool.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "model/saved_model.h"

namespace tensorgate {

enum class RowPolicy {
  kProve,
  kAssumeIndependent,  // the operator knows; only what cannot share runs in any case is refused
};

struct SignatureRows {
  std::string signature;
  std::string refusal;     // why its requests run alone; empty: its rows are independent
  bool is_proven = false;  // false without a refusal: assumed
  // The fastest of a few runs of one row and of two; zero where none was made.
  std::chrono::nanoseconds one_row{0};
  std::chrono::nanoseconds two_rows{0};
};

// What the graph says of every signature, in their order; see rows/row_proof.h. REQUIRES: the model
// has its graph as it was saved (no other was adopted).
std::vector<SignatureRows> ProveRows(const SavedModel& model, RowPolicy policy);

}  // namespace tensorgate
