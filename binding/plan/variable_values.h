// The values of a loaded graph's variables. THREAD: load pool; blocks.
#pragma once

#include <string>
#include <vector>

#include "graph/freeze.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

// Frees the variables `unneeded`, whose values nobody asks for any more: Keras exports each
// variable twice. `values`: as `variables`; null for one that was never initialized. Adds nodes to
// the graph, which no other node needs. The tensors share the memory of the variables. ERRORS:
// TensorFlow's status.
Status ReadVariables(TF_Graph* graph, TF_Session* session,
                     const std::vector<GraphVariable>& variables,
                     const std::vector<std::string>& unneeded, std::vector<TensorHandle>* values);

}  // namespace tensorgate
