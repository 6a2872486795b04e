// The graph of a loaded model as a GraphDef, without the weights that are constants in it: what can
// be read of it in a moment, however large the model is. Any thread, while nobody changes the
// graph.
#pragma once

#include <string>

#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

// Constants of numbers above a few KiB are there by name, with their shape in an attribute `shape`.
// Nodes have the shapes of their outputs as far as TensorFlow infers them (kKnownShapes). The bytes
// are those of a GraphDef with its functions. ERRORS: TensorFlow's status.
Status SerializeWithoutWeights(TF_Graph* graph, std::string* graph_def);

}  // namespace tensorgate
