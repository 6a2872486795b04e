// MadeUpInputs: values for all inputs of a signature where no client has given any. Owns them; one
// thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "runtime/saved_model.h"
#include "tf/handles.h"

namespace tensorgate {

enum class MadeUpValues {
  kZero,    // zeros and empty strings: an empty string is an empty tf.Example
  kRandom,  // floats in [0.5, 1), integers 0 and 1, the same in every process; empty strings
};

struct MadeUpInputs {
  // Unknown dimensions are 1, a first one `rows`, and an unknown rank is one row. Signature
  // defaults are taken where there are some. False when the inputs cannot be made up within
  // `max_bytes`.
  bool Make(const BoundSignature& signature, int64_t rows, size_t max_bytes, MadeUpValues kind);

  std::vector<TF_Tensor*> values;  // as the signature's inputs
  std::vector<TensorHandle> owned;
};

}  // namespace tensorgate
