// A load with its execution plan: what of the graph is loaded for a plan that is known before, and
// the trial where none is. THREAD: load pool; blocks.
//
// Where the version before has the same graph, and is executed frozen, TensorFlow's loader is
// passed by (PlanReport::from_checkpoint): the graph is read from saved_model.pb and the weights
// from the checkpoint, and what is frozen of them must agree with what the same ops answer one by
// one. Otherwise, and where that cannot be done, the loader's session is what hands over the
// variables and answers first.
#pragma once

#include <functional>
#include <memory>

#include "model/saved_model.h"
#include "plan/plan.h"
#include "status/status.h"

namespace tensorgate {

// Gets the model with its graph as it was saved, before another may take its place; not where the
// load was from the checkpoint. It is called again where the load has to be begun again.
// `is_known`: the graph is the one of `plan.known_graph`.
using OnLoaded = std::function<void(SavedModel* model, bool is_known)>;

// ERRORS: as SavedModel::Load; CANCELLED, or OK, where it was stopped.
Status LoadWithPlan(const LoadOptions& options, PlanOptions plan, const OnLoaded& on_loaded,
                    std::unique_ptr<SavedModel>* model, PlanReport* report);

}  // namespace tensorgate
