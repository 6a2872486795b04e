// ONNX files: the inputs and outputs of the graph.
#pragma once

#include <cstdint>
#include <string_view>

#include "formats/model_file.h"
#include "status/status.h"
#include "tensor/dtype.h"

namespace tensorgate {

// Inputs that have a value in the file (an initializer) are none: clients do not give them. Names
// are aliases. Any thread. ERRORS: INVALID_ARGUMENT.
Status ReadOnnxModel(std::string_view bytes, ModelFile* file);

// Of a number of TensorProto.DataType; kInvalid where there is no such one here.
DataType OnnxType(uint64_t type);

}  // namespace tensorgate
