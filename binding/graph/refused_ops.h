// RefusedOps: which nodes of a graph get to ops that its server's owner refuses, through inputs,
// control inputs and functions. Read from the wire, and of what is there more than once all counts:
// who wrote the graph may want it to be misread. Knows no TensorFlow; any thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "status/status.h"

namespace tensorgate {

struct RefusedOp {
  std::string op;
  std::string attr;    // not empty: only where the text of this attribute …
  std::string prefix;  // … starts so
};

// By the node's name: `op "ReadFile" of node "read"`, with the function that the node is in.
using RefusedNodes = std::map<std::string, std::string, std::less<>>;

// `graph_defs`: the parts of one GraphDef. ERRORS: INVALID_ARGUMENT when the bytes are malformed.
Status FindRefusedNodes(const std::vector<std::string_view>& graph_defs,
                        const std::vector<RefusedOp>& refused, RefusedNodes* nodes);

}  // namespace tensorgate
