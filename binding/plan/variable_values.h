// The values of a loaded graph's variables. THREAD: load pool; blocks.
#pragma once

#include <vector>

#include "graph/freeze.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

// As `variables`; null for one that was never initialized. Adds nodes to the graph, which no other
// node needs. The tensors share the memory of the variables. ERRORS: TensorFlow's status.
Status ReadVariables(TF_Graph* graph, TF_Session* session,
                     const std::vector<GraphVariable>& variables,
                     std::vector<TensorHandle>* values);

}  // namespace tensorgate
