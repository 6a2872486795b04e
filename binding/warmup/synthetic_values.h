// Elements of synthetic inputs: numbers, and strings that the ops which read them take. What is
// known of them is in an InputHint. No state; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "graph/input_hints.h"
#include "tensor/dtype.h"

namespace tensorgate {

// What a row holds. Whole numbers of which nothing is known stay at 0 and 1 in every kind, since
// they are often indexes.
enum class RowFill {
  kZeros,        // and the first key or row, and what may be left out is
  kRandom,       // numbers of [0.5, 1), which logarithms and roots take; the same in every process
  kOtherRandom,  // numbers of [-1, 1)
  kLarge,        // numbers of [-1000, 1000)
  kNan,          // where the type has it, else as kOtherRandom
};

struct SyntheticRow {
  RowFill fill = RowFill::kZeros;
  uint64_t seed = 0;  // tells values apart that are filled alike
  int size = 1;       // of images, and of what else may have any
};

// REQUIRES: zeroed memory of `elements` elements of a type with a fixed size.
void FillNumbers(DataType dtype, const InputHint& hint, const SyntheticRow& row, size_t elements,
                 unsigned char* data);

// False where it would take more than `max_bytes`.
bool MakeString(const InputHint& hint, const SyntheticRow& row, size_t max_bytes, std::string* out);

// A serialized tf.Example or tf.SequenceExample, or the former as JSON, likewise.
bool MakeExample(const InputHint& hint, const SyntheticRow& row, size_t max_bytes,
                 std::string* out);

}  // namespace tensorgate
