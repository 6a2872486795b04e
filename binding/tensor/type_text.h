// Types and shapes as error texts show them.
#pragma once

#include <cstdint>
#include <string>

#include "tensor/dtype.h"

namespace tensorgate {

// "DT_FLOAT", "DT_STRING_REF".
std::string DataTypeEnumName(DataType dtype);

// "DT_FLOAT [-1,3]"; a scalar is "[]".
std::string TypedShapeText(DataType dtype, const int64_t* dims, int rank);

}  // namespace tensorgate
