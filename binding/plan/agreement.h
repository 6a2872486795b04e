// Agreement: whether two ways to execute a graph gave the same answer. Any thread.
#pragma once

#include <string>
#include <vector>

#include "tf/handles.h"

namespace tensorgate {

struct Agreement {
  bool agrees = true;
  // The largest difference of two floats, as a part of the larger one or, where that is more, of a
  // hundredth of the tensor's largest.
  double largest = 0;
  std::string difference;  // where they do not agree: the first
};

// Integers, strings and 8-bit floats agree when they are the same; floats within 1e-4 (float,
// complex64), 1e-6 (double, complex128), 1e-2 (half), 5e-2 (bfloat16) of what `largest` says. NaN
// agrees with NaN, and each infinity with itself.
void Compare(const std::vector<TensorHandle>& expected, const std::vector<TensorHandle>& given,
             Agreement* agreement);

}  // namespace tensorgate
