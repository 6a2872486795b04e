// OpRefusal: --refuse_ops, as a version is loaded: looks through its graph before TensorFlow sees
// it. THREAD: load pool; reads a file.
#pragma once

#include "graph/refused_ops.h"
#include "model/saved_model.h"
#include "status/status.h"

namespace tensorgate {

// Looks at what requests to the signatures run, and at what loading runs, which may read
// checkpoints and files of tables even where these ops are refused. `nodes`: all that no request
// may reach, for SessionRun. ERRORS: FAILED_PRECONDITION, which names op and node, or for a graph
// that cannot be looked through. OK where nothing is refused, or the folder holds no model.
Status RefuseOps(const LoadOptions& options, RefusedNodes* nodes);

}  // namespace tensorgate
