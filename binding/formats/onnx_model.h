// ONNX files: the inputs and outputs of the graph.
#pragma once

#include <string_view>

#include "formats/model_file.h"
#include "status/status.h"

namespace tensorgate {

// Inputs that have a value in the file (an initializer) are none: clients do not give them. Names
// are aliases. Any thread. ERRORS: INVALID_ARGUMENT.
Status ReadOnnxModel(std::string_view bytes, ModelFile* file);

}  // namespace tensorgate
