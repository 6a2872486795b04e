// Tensors of several requests as one: rows put one behind the other along dimension 0, and rows
// read out of it again. Copies once, and never to take rows out. Knows no requests; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "status/status.h"
#include "tensor/tensor.h"
#include "tf/handles.h"

namespace tensorgate {

// Rows [begin, begin + count) of `whole`, which is a tensor of TensorFlow's. OWNERSHIP: points into
// `whole`; the dimensions are copied into `dims`. REQUIRES: rank >= 1, and these rows are there.
TensorView RowsOf(const TensorView& whole, int64_t begin, int64_t count,
                  std::vector<int64_t>* dims);

// A tensor of `row_dims` (dimensions 1 and up) that holds the rows of all parts in their order,
// then `padding_rows` copies of the first row of the last part that has rows. A part with smaller
// dimensions is padded at their ends with its own first element.
// REQUIRES: one dtype; ranks of 1 + row_dims.size(); no dimension above its own in `row_dims`; a
// part that needs padding has no rows or at least one element.
// ERRORS: RESOURCE_EXHAUSTED when memory is out, or when padding takes more than max_padding_bytes.
Status ConcatRows(const std::vector<TensorView>& parts, const std::vector<int64_t>& row_dims,
                  int64_t padding_rows, size_t max_padding_bytes, TensorHandle* out);

}  // namespace tensorgate
