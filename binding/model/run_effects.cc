#include "model/run_effects.h"

#include <utility>

#include "model/state_changes.h"
#include "status/violation.h"

namespace tensorgate {

void FindRunEffects(SavedModel* model) {
  StateChanges changes(model->graph());
  const std::vector<Signature>& signatures = model->signatures();
  std::string of_all;
  for (size_t i = 0; i < signatures.size(); ++i) {
    // A request may ask for those that are there, if others are missing.
    std::vector<Endpoint> outputs;
    for (const Endpoint& output : signatures[i].outputs) {
      if (output.oper != nullptr) outputs.push_back(output);
    }
    RunEffects effects = changes.Of(outputs);
    if (of_all.empty() && !effects.varied_by.empty()) {
      of_all = "a run of signature " + Quoted(signatures[i].def.name) +
               " may change state, draw random numbers or read files: op " + effects.varied_by;
    }
    model->SetChangedBy(i, std::move(effects.changed_by));
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
