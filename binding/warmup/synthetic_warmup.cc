#include "warmup/synthetic_warmup.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "model/quiet_runs.h"
#include "warmup/synthetic_inputs.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

class SyntheticWarmup {
 public:
  SyntheticWarmup(const SavedModel& model, const SyntheticWarmupLimits& limits)
      : model_(model), limits_(limits), deadline_(Clock::now() + limits.time) {}

  SyntheticWarmupReport Run(const std::vector<int64_t>& batch_rows) {
    const std::vector<const Signature*> signatures = model_.SignaturesInOrder();
    for (const Signature* signature : signatures) Run(*signature, 1);
    for (const Signature* signature : signatures) {
      if (!HasRowsOfAnyNumber(*signature)) continue;
      for (int64_t rows : batch_rows) Run(*signature, rows);
    }
    return std::move(report_);
  }

 private:
  void Run(const Signature& signature, int64_t rows) {
    if (!signature.has_outputs() || !signature.changed_by.empty()) {
      ++report_.skipped;
      return;
    }
    std::string failure;
    for (const RowFill fill : {RowFill::kZeros, RowFill::kRandom}) {
      SyntheticInputs inputs;
      const std::vector<RowFill> fills(static_cast<size_t>(rows), fill);
      const bool within_limits =
          report_.run + report_.failed < limits_.max_runs && Left() > 0 && !IsStopped(limits_.stop);
      if (!within_limits ||
          !MakeSyntheticInputs(signature, fills, limits_.max_input_bytes, &inputs)) {
        break;
      }
      std::vector<TensorHandle> outputs;
      const Status status = RunOnce(signature, inputs, &outputs);
      if (status.ok()) {
        ++report_.run;
        if (!HaveElements(outputs) && rows == 1) {
          report_.not_representative.emplace_back(signature.def.name, "its outputs are empty");
        }
        return;
      }
      if (failure.empty()) failure = status.message();
    }
    if (failure.empty()) {
      ++report_.skipped;
      return;
    }
    if (++report_.failed == 1) report_.first_failure = signature.def.name + ": " + failure;
    if (rows == 1) report_.not_representative.emplace_back(signature.def.name, failure);
  }

  int64_t Left() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
  }

  // With a timeout, which a run in the calling thread cannot have: zeros may make a loop endless.
  Status RunOnce(const Signature& signature, const SyntheticInputs& inputs,
                 std::vector<TensorHandle>* outputs) const {
    const QuietRuns quiet;
    const uint32_t timeout = static_cast<uint32_t>(std::max<int64_t>(Left(), 1));
    return model_.RunTargets(signature.inputs, inputs.values, signature.outputs, {}, timeout,
                             outputs);
  }

  const SavedModel& model_;
  const SyntheticWarmupLimits& limits_;
  const Clock::time_point deadline_;
  SyntheticWarmupReport report_;
};

}  // namespace

SyntheticWarmupReport RunSyntheticWarmup(const SavedModel& model,
                                         const SyntheticWarmupLimits& limits,
                                         const std::vector<int64_t>& batch_rows) {
  return SyntheticWarmup(model, limits).Run(batch_rows);
}

}  // namespace tensorgate
