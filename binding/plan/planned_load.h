// A load with its execution plan: what of the graph is loaded for a plan that is known before, and
// the trial where none is. THREAD: load pool; blocks.
#pragma once

#include <functional>
#include <memory>

#include "plan/plan.h"
#include "runtime/saved_model.h"
#include "status/status.h"

namespace tensorgate {

// `on_loaded` gets the model with its graph as it was saved, before another may take its place; it
// is called again where the load has to be begun again. ERRORS: as SavedModel::Load.
Status LoadWithPlan(const LoadOptions& options, PlanOptions plan,
                    const std::function<void(SavedModel*)>& on_loaded,
                    std::unique_ptr<SavedModel>* model, PlanReport* report);

}  // namespace tensorgate
