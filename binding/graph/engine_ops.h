// The ops that an engine computes as TensorFlow does, of floats of 32 bits. Any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "graph/graph_def.h"
#include "status/status.h"

namespace tensorgate {

// Whether a node's op is one of them, in the types that it has. ERRORS: FAILED_PRECONDITION, with
// op and node.
Status CheckEngineOp(const Node& node);

// Whether it hands whole numbers that it gets as input `slot` on as they are, or tells of them no
// more than their number.
bool HandsOn(const Node& node, size_t slot);

bool IsGather(std::string_view op);

}  // namespace tensorgate
