// A load that passes TensorFlow's loader by: see planned_load.h. THREAD: load pool; blocks.
#pragma once

#include <memory>

#include "model/saved_model.h"
#include "plan/plan.h"
#include "plan/saved_graph.h"

namespace tensorgate {

// `plan`: a known one, frozen, of the same graph, with what was learned of it. False: it cannot be
// done for this version, whose outputs are as before.
bool LoadFromCheckpoint(const LoadOptions& options, PlanOptions plan, const SavedGraph& saved,
                        std::unique_ptr<SavedModel>* model, PlanReport* report);

}  // namespace tensorgate
