// OpenVINO's element types, as ours and back.
#pragma once

#include "tensor/dtype.h"

namespace tensorgate::openvino {

// -1 for dtypes that it has none for; strings too, since their memory is no other library's.
int ElementTypeOf(DataType dtype);

// kInvalid for element types that no request can carry.
DataType DataTypeOf(int element_type);

}  // namespace tensorgate::openvino
