#include "runtime/synthetic_warmup.h"

#include <utility>
#include <vector>

#include "codec/output_buffer.h"
#include "codec/wire.h"
#include "runtime/made_up_inputs.h"
#include "runtime/state_changes.h"
#include "tf/status.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

bool HasOutputs(const BoundSignature& signature) {
  for (const TF_Output& output : signature.outputs) {
    if (output.oper == nullptr) return false;
  }
  return !signature.outputs.empty();
}

// Serialized tensorflow.RunOptions { timeout_in_ms }. TensorFlow's inter-op pool executes the
// graph: a run in the calling thread has no timeout, and zeros may make a loop endless.
OutputBuffer RunOptionsFor(std::chrono::milliseconds timeout) {
  constexpr uint32_t kTimeoutInMs = 2;
  OutputBuffer options;
  WireWriter writer(&options, 16);
  writer.Tag(kTimeoutInMs, WireType::kVarint);
  writer.Varint(static_cast<uint64_t>(timeout.count()));
  writer.Done();
  return options;
}

Status RunOnce(TF_Session* session, const BoundSignature& signature, const MadeUpInputs& inputs,
               std::chrono::milliseconds timeout) {
  const OutputBuffer serialized = RunOptionsFor(timeout);
  BufferHandle options(TF_NewBufferFromString(serialized.view().data(), serialized.view().size()));
  std::vector<TF_Tensor*> outputs(signature.outputs.size(), nullptr);
  StatusHandle status(TF_NewStatus());
  TF_SessionRun(session, options.get(), signature.inputs.data(), inputs.values.data(),
                static_cast<int>(inputs.values.size()), signature.outputs.data(), outputs.data(),
                static_cast<int>(outputs.size()), nullptr, 0, nullptr, status.get());
  for (TF_Tensor* output : outputs) {
    if (output != nullptr) TF_DeleteTensor(output);
  }
  return FromTf(status.get());
}

std::vector<const BoundSignature*> InOrder(const SavedModel& model) {
  std::vector<const BoundSignature*> order;
  const BoundSignature* first = model.FindSignature("serving_default");
  if (first != nullptr) order.push_back(first);
  for (const BoundSignature& signature : model.signatures()) {
    if (&signature != first) order.push_back(&signature);
  }
  return order;
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
    MadeUpInputs inputs;
    const std::vector<RowFill> zeros(static_cast<size_t>(rows), RowFill::kZeros);
    if (!within_limits || !HasOutputs(signature) || state_changes.MayHappen(signature.outputs) ||
        !MakeUpInputs(signature, zeros, limits.max_input_bytes, &inputs)) {
      ++report.skipped;
      return;
    }
    const Status status = RunOnce(model.session(), signature, inputs, left);
    if (status.ok()) {
      ++report.run;
    } else if (++report.failed == 1) {
      report.first_failure = signature.def.name + ": " + status.message();
    }
  };
  const std::vector<const BoundSignature*> signatures = InOrder(model);
  for (const BoundSignature* signature : signatures) run(*signature, 1);
  for (const BoundSignature* signature : signatures) {
    if (!HasRowsOfAnyNumber(*signature)) continue;
    for (int64_t rows : batch_rows) run(*signature, rows);
  }
  return report;
}

}  // namespace tensorgate
