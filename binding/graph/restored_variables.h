// What restores the variables of a SavedModel: which tensor of its checkpoint each of them gets,
// read from the ops that TensorFlow's loader executes. Knows no TensorFlow; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "graph/graph_def.h"

namespace tensorgate {

// A variable as a session knows it: its container and its shared name, which is the node's where it
// has none.
using ResourceName = std::pair<std::string, std::string>;

// REQUIRES: a VarHandleOp.
ResourceName ResourceOf(const Node& variable);

// The variables that a checkpoint's tensors are assigned to as they are, and the names of these.
// False where anything else may change a variable: an op that initializes, a tensor that is
// computed with or cut, two tensors for one variable, variables of TensorFlow 1.
bool FindRestoredVariables(std::string_view meta_graph_def, const GraphDef& graph,
                           std::map<ResourceName, std::string>* tensors);

}  // namespace tensorgate
