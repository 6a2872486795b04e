// What the ops of a TFLite file do with rows. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "formats/file_graph.h"
#include "formats/model_file.h"
#include "status/status.h"

namespace tensorgate {

// Of one of the graphs of the file; `file`: as ReadTfliteModel() has it from these bytes. Ops that
// are not known to keep rows apart become nodes of which nothing is known, as do those that call
// other graphs. ERRORS: INVALID_ARGUMENT where it cannot be followed at all. OWNERSHIP: keeps no
// views of the bytes.
Status ReadTfliteGraph(std::string_view bytes, const ModelFile& file, FileGraph* graph,
                       uint32_t number = 0);

}  // namespace tensorgate
