// What a decoder may allocate for one request. Limits are checked before memory is taken.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tensorgate {

struct DecodeLimits {
  // Bytes of decoded tensors that the body itself does not hold: a shape far larger than its values
  // is legal (the last value is repeated), so this bounds what a few bytes of request may cost.
  size_t max_filled_bytes = size_t{64} << 20;
  // Bytes of all decoded tensors of a request together.
  size_t max_tensor_bytes = size_t{4} << 30;
};

// Bytes that padding may add to one tensor of a batch; its requests run alone when it would take
// more. Rows of very different lengths can need far more than they hold.
constexpr size_t kMaxBatchPaddingBytes = size_t{1} << 30;

constexpr int kMaxRank = 254;  // TensorFlow's own limit

}  // namespace tensorgate
