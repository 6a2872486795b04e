#include "model/repeatable_runs.h"

#include <utility>

#include "model/state_changes.h"
#include "status/violation.h"

namespace tensorgate {

void FindRepeatable(SavedModel* model) {
  StateChanges changes(model->graph(), /*or_other_outputs=*/true);
  const std::vector<Signature>& signatures = model->signatures();
  std::string of_all;
  for (const Signature& signature : signatures) {
    // A request may ask for those that are there, if others are missing.
    std::vector<Endpoint> outputs;
    for (const Endpoint& output : signature.outputs) {
      if (output.oper != nullptr) outputs.push_back(output);
    }
    if (outputs.empty() || !changes.MayHappen(outputs)) continue;
    of_all = "a run of signature " + Quoted(signature.def.name) +
             " may change state, draw random numbers or read files: op " + changes.culprit();
    break;
  }
  for (size_t i = 0; i < signatures.size(); ++i) model->SetRepeatable(i, of_all);
}

std::vector<std::string> RepeatableOf(const SavedModel& model) {
  std::vector<std::string> reasons;
  for (const Signature& signature : model.signatures()) reasons.push_back(signature.not_repeatable);
  return reasons;
}

void TakeRepeatable(const std::vector<std::string>& reasons, SavedModel* model) {
  for (size_t i = 0; i < reasons.size(); ++i) model->SetRepeatable(i, reasons[i]);
}

}  // namespace tensorgate
