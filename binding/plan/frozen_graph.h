// From a loaded model to a session of its graph with constants in place of variables. THREAD: load
// pool; blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/saved_model.h"
#include "status/status.h"

namespace tensorgate {

struct FrozenGraph {
  std::string graph_def;  // serialized; takes as much as the weights
  uint32_t variables = 0;
  int64_t weight_bytes = 0;
};

// ERRORS: FAILED_PRECONDITION and RESOURCE_EXHAUSTED with the reason why the model cannot be
// frozen.
Status FreezeModel(const SavedModel& model, FrozenGraph* frozen);

// `config_proto`: the model's own. ERRORS: TensorFlow's status.
Status NewFrozenSession(const SavedModel& model, const FrozenGraph& frozen,
                        const std::string& config_proto, bool xla,
                        std::unique_ptr<GraphSession>* session);

}  // namespace tensorgate
