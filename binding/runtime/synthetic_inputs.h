// SyntheticInputs: values for a signature that nobody has sent yet, for the runs that a load makes
// by itself. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/saved_model.h"
#include "tf/handles.h"

namespace tensorgate {

// What a row holds. Whole numbers stay at 0 and 1 in every kind, since they are often indexes.
enum class RowFill {
  kZeros,
  kRandom,       // numbers of [0.5, 1), which logarithms and roots take; the same in every process
  kOtherRandom,  // numbers of [-1, 1)
  kLarge,        // numbers of [-1000, 1000)
  kNan,          // where the type has it, else as kOtherRandom
};

struct SyntheticInputs {
  std::vector<TensorHandle> owned;
  std::vector<TF_Tensor*> values;  // as the signature's inputs
};

// A row of each fill where dimension 0 is unknown; other unknown dimensions are 1, an unknown rank
// is one row, strings are empty. Signature defaults are taken where a signature has them. A
// dimension 0 that is known is filled as the first row. False when the inputs would take more than
// `max_bytes`, or are of no type that a request could carry, or not in the graph.
// REQUIRES: at least one fill.
bool MakeSyntheticInputs(const BoundSignature& signature, const std::vector<RowFill>& rows,
                         size_t max_bytes, SyntheticInputs* inputs);

// Whether every input has an unknown first dimension.
bool HasRowsOfAnyNumber(const BoundSignature& signature);

}  // namespace tensorgate
