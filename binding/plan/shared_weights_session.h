// From a session of a frozen graph to one that holds the weights once: of the graph as the first
// one executes it, optimized, with the large constants in variables again. THREAD: load pool;
// blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph_def.h"
#include "model/saved_model.h"
#include "plan/frozen_graph.h"
#include "plan/trial_cases.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

// What a session executes for all signatures at once.
struct ExecutedGraph {
  std::vector<std::string> feeds;
  std::vector<std::string> fetches;
  BufferHandle metadata;  // what `graph` points into
  GraphDef graph;
};

struct SharedWeightsSession {
  std::unique_ptr<GraphSession> session;
  size_t fused = 0;  // convolutions that took in what follows them; also where there is no session
};

// `session`: of the frozen graph; it keeps the graph it executes. Runs it on the inputs of the
// first case of each signature. ERRORS: FAILED_PRECONDITION with the reason why there is no such
// graph, or TensorFlow's status.
Status TellExecuted(const FrozenGraph& frozen, const GraphSession& session,
                    const std::vector<TrialCase>& cases, ExecutedGraph* executed);

// `config_proto`: the model's own. `fuses`: its convolutions may take in what follows them. ERRORS:
// as TellExecuted().
Status NewSharedWeightsSession(const FrozenGraph& frozen, const ExecutedGraph& executed,
                               const std::string& config_proto, const SharedWeightsLimits& limits,
                               bool fuses, SharedWeightsSession* shared);

}  // namespace tensorgate
