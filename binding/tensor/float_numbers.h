// The elements of tensors of real floats, whatever their width, as doubles. Any thread.
#pragma once

#include <cstddef>

#include "tensor/dtype.h"

namespace tensorgate {

// Element `index` of a tensor's memory.
using NumberAt = double (*)(const void* data, size_t index);

// Of float, double, half and bfloat16; null for every other type.
NumberAt NumberAtOf(DataType dtype);

}  // namespace tensorgate
