// Join: what is known of a tensor that is one of two, as after a branch, or from one pass of a loop
// to the next. One thread at a time.
#pragma once

#include "rows/operation.h"

namespace tensorgate {

// `place` tells the joins of an operation apart: sizes that differ become a symbol of that place.
// An obstacle where the two have not the same rows.
Value Join(const Operation& operation, size_t place, const Value& a, const Value& b);

// Whether both say the same.
bool IsSame(const Value& a, const Value& b);

}  // namespace tensorgate
