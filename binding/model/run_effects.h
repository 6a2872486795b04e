// What runs of a SavedModel's signatures may do beside computing their outputs: found once a load,
// from the graph as it was saved, and kept with the signatures. THREAD: load pool.
#pragma once

#include <string>
#include <vector>

#include "model/saved_model.h"

namespace tensorgate {

// Sets Signature::changed_by and Signature::not_repeatable. Where a run of one signature may change
// something, none is repeatable: what the others read may be just that. REQUIRES: the model has its
// graph, and is not shared.
void FindRunEffects(SavedModel* model);

// As the signatures: Signature::not_repeatable.
std::vector<std::string> RepeatableOf(const SavedModel& model);
// The same of a version whose graph is the same. REQUIRES: as many as the model has signatures.
void TakeRepeatable(const std::vector<std::string>& reasons, SavedModel* model);

}  // namespace tensorgate
