// SavedGraph: what saved_model.pb holds, without TensorFlow's loader. THREAD: load pool; reads a
// file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_def.h"

namespace tensorgate {

struct SavedGraph {
  std::string bytes;                // of the file; what follows points into them
  std::string_view meta_graph_def;  // MetaGraphDef
  GraphDef graph;
};

// From the version's folder. False: there is none with these tags and no others, it is in another
// form of file, in one of more than 64 MiB, or malformed.
bool ReadSavedGraph(const std::string& folder, const std::vector<std::string>& tags,
                    SavedGraph* saved);

}  // namespace tensorgate
