// BatchMerge: who can share one run, and its inputs: the rows of all put together. Texts are those
// of upstream's BatchingSession. Reads the requests' tensors, owns none. THREAD: run pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "call/inference_call.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

// Rows of a call's inputs that take part in a run.
struct BatchRows {
  const InferenceCall* call = nullptr;
  int64_t begin = 0;
  int64_t count = 0;
};

// Where feeds and fetches of a call are, whose order may be another than that of the run's.
struct ArgumentOrder {
  std::vector<size_t> feeds;    // run's feed i is the call's feed feeds[i]; empty: the same order
  std::vector<size_t> fetches;  // call's fetch i is the run's fetch fetches[i]; likewise
};

// Whether `call` can run as `leader` does: the same model, feeds, fetches, dtypes and ranks, and
// the same dimensions 1 and up unless they `may_be_padded`. REQUIRES: both have rows; see
// BatchKeys.
bool CanShareRun(const InferenceCall& leader, const InferenceCall& call, bool may_be_padded,
                 ArgumentOrder* order);

// Dimensions 1 and up of each feed.
using RowShapes = std::vector<std::vector<int64_t>>;

// Makes `shapes`, empty at first, large enough for this member's rows.
void GrowTo(const InferenceCall& call, const ArgumentOrder& order, RowShapes* shapes);

// Whether this member can be padded to `shapes`. ERRORS: INVALID_ARGUMENT.
Status CheckPadding(const BatchRows& rows, const ArgumentOrder& order, const RowShapes& shapes);

// The inputs of the run: for each of the leader's feeds the rows of all members in their order,
// padded to `shapes`, then `padding_rows` more. REQUIRES: CheckPadding() of all members.
// ERRORS: RESOURCE_EXHAUSTED.
Status MergeInputs(const std::vector<BatchRows>& members, const std::vector<ArgumentOrder>& orders,
                   const RowShapes& shapes, int64_t padding_rows, std::vector<TensorHandle>* out);

}  // namespace tensorgate
