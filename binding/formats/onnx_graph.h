// What the ops of an ONNX file do with rows. Any thread.
#pragma once

#include <string_view>

#include "formats/file_graph.h"
#include "formats/model_file.h"
#include "status/status.h"

namespace tensorgate {

// `file`: as ReadOnnxModel() has it from these bytes. Ops that are not known to keep rows apart,
// those of other domains and those with graphs of their own, become nodes of which nothing is
// known. ERRORS: INVALID_ARGUMENT where it cannot be followed at all. OWNERSHIP: keeps no views of
// the bytes.
Status ReadOnnxGraph(std::string_view bytes, const ModelFile& file, FileGraph* graph);

}  // namespace tensorgate
