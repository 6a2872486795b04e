#include "runtime/synthetic_warmup.h"

#include <vector>

#include "runtime/state_changes.h"
#include "runtime/synthetic_inputs.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// With a timeout, which a run in the calling thread cannot have: zeros may make a loop endless.
Status RunOnce(const SavedModel& model, const BoundSignature& signature,
               const SyntheticInputs& inputs, std::chrono::milliseconds timeout) {
  std::vector<TensorHandle> outputs;
  return model.RunTargets(signature.inputs, inputs.values, signature.outputs, {},
                          static_cast<uint32_t>(timeout.count()), &outputs);
}

}  // namespace

SyntheticWarmupReport RunSyntheticWarmup(const SavedModel& model,
                                         const SyntheticWarmupLimits& limits,
                                         const std::vector<int64_t>& batch_rows) {
  const auto deadline = Clock::now() + limits.time;
  SyntheticWarmupReport report;
  StateChanges state_changes(model.graph());
  const auto run = [&](const BoundSignature& signature, int64_t rows) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    const bool within_limits = report.run + report.failed < limits.max_runs && left.count() > 0;
    SyntheticInputs inputs;
    const std::vector<RowFill> zeros(static_cast<size_t>(rows), RowFill::kZeros);
    if (!within_limits || !signature.has_outputs() || state_changes.MayHappen(signature.outputs) ||
        !MakeSyntheticInputs(signature, zeros, limits.max_input_bytes, &inputs)) {
      ++report.skipped;
      return;
    }
    const Status status = RunOnce(model, signature, inputs, left);
    if (status.ok()) {
      ++report.run;
    } else if (++report.failed == 1) {
      report.first_failure = signature.def.name + ": " + status.message();
    }
  };
  const std::vector<const BoundSignature*> signatures = model.SignaturesInOrder();
  for (const BoundSignature* signature : signatures) run(*signature, 1);
  for (const BoundSignature* signature : signatures) {
    if (!HasRowsOfAnyNumber(*signature)) continue;
    for (int64_t rows : batch_rows) run(*signature, rows);
  }
  return report;
}

}  // namespace tensorgate
