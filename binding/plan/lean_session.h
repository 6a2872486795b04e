// From a session of a frozen graph to one that holds the weights once: of the graph as the first
// one executes it, optimized, with the large constants in variables again. THREAD: load pool;
// blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plan/frozen_graph.h"
#include "plan/trial_cases.h"
#include "runtime/saved_model.h"
#include "status/status.h"

namespace tensorgate {

struct LeanSession {
  std::unique_ptr<GraphSession> session;
  size_t fused = 0;  // convolutions that took in what follows them; also where there is no session
};

// `executed`: a session of the frozen graph that keeps the graph it executes. All signatures are
// run at once, on the inputs of the first case of each. `config_proto`: the model's own. `fuses`:
// its convolutions may take in what follows them. ERRORS: FAILED_PRECONDITION with the reason why
// it is not possible, or TensorFlow's status.
Status NewLeanSession(const FrozenGraph& frozen, const GraphSession& executed,
                      const std::vector<TrialCase>& cases, const std::string& config_proto,
                      const LeanLimits& limits, bool fuses, LeanSession* lean);

}  // namespace tensorgate
