// From a loaded model to a session of its graph with constants in place of variables. THREAD: load
// pool; blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/saved_model.h"
#include "status/status.h"

namespace tensorgate {

struct FrozenGraph {
  std::string graph_def;                     // serialized; takes as much as the weights
  std::vector<SignatureTensors> signatures;  // `serving_default` first, then by name
  uint32_t variables = 0;
  int64_t weight_bytes = 0;
};

// Signatures that compute the same, such as those that Keras exports twice, become one: TensorFlow
// would copy all constants for each. ERRORS: FAILED_PRECONDITION and RESOURCE_EXHAUSTED with the
// reason why the model cannot be frozen.
Status FreezeModel(const SavedModel& model, FrozenGraph* frozen);

enum class FrozenSessionKind {
  kPlain,
  kXla,         // with the just-in-time compiler
  kTellsGraph,  // says which graph a run executed, and so keeps it: one more copy of all constants
};

// `config_proto`: the model's own. ERRORS: TensorFlow's status.
Status NewFrozenSession(const FrozenGraph& frozen, const std::string& config_proto,
                        FrozenSessionKind kind, std::unique_ptr<GraphSession>* session);

}  // namespace tensorgate
