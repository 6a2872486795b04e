// Which signatures of a SavedModel are repeatable: equal inputs have equal outputs, whenever they
// run, and a run leaves nothing behind. THREAD: load pool.
#pragma once

#include <string>
#include <vector>

#include "model/saved_model.h"

namespace tensorgate {

// Looks at the graph as it was saved, and says so to the model. Where a run of one signature may
// change something, none is repeatable: what the others read may be just that. REQUIRES: the model
// has its graph, and is not shared.
void FindRepeatable(SavedModel* model);

// As the signatures: Signature::not_repeatable.
std::vector<std::string> RepeatableOf(const SavedModel& model);
// The same of a version whose graph is the same. REQUIRES: as many as the model has signatures.
void TakeRepeatable(const std::vector<std::string>& reasons, SavedModel* model);

}  // namespace tensorgate
