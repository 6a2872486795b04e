// The values of a SavedModel's variables from its checkpoint, without the session that TensorFlow's
// loader makes. THREAD: load pool; blocks.
#pragma once

#include <string>
#include <vector>

#include "plan/frozen_graph.h"
#include "plan/saved_graph.h"
#include "status/status.h"

namespace tensorgate {

class CheckpointValues : public VariableSource {
 public:
  // `folder`: the version's. `config_proto`: the model's own. OWNERSHIP: borrows all.
  CheckpointValues(const SavedGraph& saved, const std::string& folder,
                   const std::string& config_proto)
      : saved_(saved), folder_(folder), config_proto_(config_proto) {}

  const GraphDef& graph() const override { return saved_.graph; }

  // ERRORS: FAILED_PRECONDITION where not all of them get what the checkpoint has and nothing else
  // (FindRestoredVariables), or TensorFlow's status.
  Status Read(const std::vector<GraphVariable>& variables,
              std::vector<TensorHandle>* values) override;

 private:
  const SavedGraph& saved_;
  const std::string& folder_;
  const std::string& config_proto_;
};

}  // namespace tensorgate
