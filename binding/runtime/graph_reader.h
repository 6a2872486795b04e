// GraphReader: TensorFlow's graph as a GraphDef, as far as some tensors need it, with all
// functions. Large constants are told by their shapes alone. THREAD: one at a time, while nobody
// changes the graph.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_def.h"
#include "rows/row_proof.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

// `bytes` holds what `graph` points into. ERRORS: TensorFlow's, INVALID_ARGUMENT.
Status ReadGraph(TF_Graph* graph, const std::vector<TF_Output>& fetches, std::string* bytes,
                 GraphDef* graph_def);

// Of an op that TensorFlow knows.
bool FindOpIn(TF_Graph* graph, std::string_view op, std::vector<OpOutput>* outputs);

}  // namespace tensorgate
