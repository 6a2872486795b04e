// TFLite files: the tensors at the edges of a graph, and signatures where there are some.
#pragma once

#include <cstdint>
#include <string_view>

#include "formats/model_file.h"
#include "status/status.h"
#include "tensor/dtype.h"

namespace tensorgate {

// Of one of the file's graphs. Tensors of the whole graph have their names up to the first ':' as
// aliases, or in full where two would be the same. Signatures are those of the metadata
// "signature_defs_metadata", else those of the model's own table that are of this graph. Any
// thread. ERRORS: INVALID_ARGUMENT with upstream's text where it has one.
Status ReadTfliteModel(std::string_view bytes, ModelFile* file, uint32_t graph = 0);

// Of a number of the schema's TensorType; kInvalid where there is no such one here.
DataType TfliteType(int8_t type);

}  // namespace tensorgate
