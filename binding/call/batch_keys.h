// BatchKeys: which decoded requests may share a run, as numbers that JavaScript can compare. Equal
// keys are likely, not certain, to mean equal things: RunBatch() looks for itself. Any thread.
#pragma once

#include <cstdint>

#include "call/inference_call.h"

namespace tensorgate {

// In place of a number of rows: why a call has none.
enum NoRows : int64_t {
  kNoInputs = -1,
  kScalarInput = -2,   // an input of rank 0
  kUnequalRows = -3,   // inputs that differ in dimension 0
  kUnprovenRows = -5,  // those of its signature may depend on each other
  kNeverBatched = -4,  // no arguments to share, or a default among its inputs that has other rows
};

// Hashes of 53 bits under a seed of this process, so that no client can look for collisions.
struct BatchKeys {
  uint64_t queue = 0;      // the model, what is fed and what is fetched, each in any order
  uint64_t shape = 0;      // also dtype, rank and dimensions 1 and up of each input
  uint64_t rank = 0;       // as shape, without the dimensions
  int32_t signature = -1;  // its index among the model's; -1: of several, or of none
  int64_t rows = 0;        // dimension 0 of every input, or one of NoRows
};

// REQUIRES: the call is decoded. `model` is a number that tells models apart.
BatchKeys KeysOf(const InferenceCall& call, uint32_t model);

}  // namespace tensorgate
