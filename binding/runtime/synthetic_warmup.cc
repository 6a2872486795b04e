#include "runtime/synthetic_warmup.h"

#include <cstring>
#include <utility>
#include <vector>

#include "codec/output_buffer.h"
#include "codec/wire.h"
#include "runtime/state_changes.h"
#include "tf/status.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// A string element as TensorFlow holds it.
constexpr size_t kStringBytes = sizeof(TF_TString);

// The shape to run with, and its elements; false when they would take more than `*budget` bytes, or
// are of no type that a request could carry.
bool PlanInput(const TensorInfo& info, int64_t rows, size_t* budget, Tensor* tensor) {
  tensor->dtype = BaseType(info.dtype);
  if (!IsServable(tensor->dtype)) return false;
  tensor->dims = info.unknown_rank ? std::vector<int64_t>{1} : info.dims;
  if (tensor->dims.size() > static_cast<size_t>(kMaxRank)) return false;
  const bool is_string = tensor->dtype == DataType::kString;
  const size_t element = is_string ? kStringBytes : ElementSize(tensor->dtype);
  size_t elements = 1;
  if (!tensor->dims.empty() && tensor->dims[0] < 0) tensor->dims[0] = rows;
  for (int64_t& dim : tensor->dims) {
    if (dim < 0) dim = 1;
    if (__builtin_mul_overflow(elements, static_cast<size_t>(dim), &elements)) return false;
  }
  if (elements > *budget / element) return false;
  *budget -= elements * element;
  tensor->elements = static_cast<int64_t>(elements);
  return true;
}

Status MakeZeros(Tensor* tensor, TensorHandle* out) {
  const size_t elements = static_cast<size_t>(tensor->elements);
  if (tensor->dtype == DataType::kString) {
    tensor->strings.resize(elements);
  } else {
    const size_t bytes = elements * ElementSize(tensor->dtype);
    if (!tensor->data.Resize(bytes)) return Status(Code::kResourceExhausted, "out of memory");
    if (bytes > 0) std::memset(tensor->data.data(), 0, bytes);
  }
  return ToTfTensor(tensor, out);
}

struct Feeds {
  std::vector<TensorHandle> owned;
  std::vector<TF_Tensor*> values;  // as the signature's inputs
};

// False when the signature's inputs cannot be made up within the limit.
bool MakeFeeds(const BoundSignature& signature, int64_t rows, size_t budget, Feeds* feeds) {
  std::vector<Tensor> tensors(signature.inputs.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (signature.inputs[i].oper == nullptr) return false;
    if (signature.defaults[i] != nullptr) continue;
    if (!PlanInput(signature.def.inputs[i], rows, &budget, &tensors[i])) return false;
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (signature.defaults[i] != nullptr) {
      feeds->values.push_back(signature.defaults[i].get());
      continue;
    }
    TensorHandle value;
    if (!MakeZeros(&tensors[i], &value).ok()) return false;
    feeds->values.push_back(value.get());
    feeds->owned.push_back(std::move(value));
  }
  return true;
}

bool HasOutputs(const BoundSignature& signature) {
  for (const TF_Output& output : signature.outputs) {
    if (output.oper == nullptr) return false;
  }
  return !signature.outputs.empty();
}

bool HasRowsOfAnyNumber(const BoundSignature& signature) {
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorInfo& info = signature.def.inputs[i];
    if (signature.defaults[i] != nullptr || info.unknown_rank) return false;
    if (info.dims.empty() || info.dims[0] >= 0) return false;
  }
  return !signature.inputs.empty();
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

Status RunOnce(TF_Session* session, const BoundSignature& signature, const Feeds& feeds,
               std::chrono::milliseconds timeout) {
  const OutputBuffer serialized = RunOptionsFor(timeout);
  BufferHandle options(TF_NewBufferFromString(serialized.view().data(), serialized.view().size()));
  std::vector<TF_Tensor*> outputs(signature.outputs.size(), nullptr);
  StatusHandle status(TF_NewStatus());
  TF_SessionRun(session, options.get(), signature.inputs.data(), feeds.values.data(),
                static_cast<int>(feeds.values.size()), signature.outputs.data(), outputs.data(),
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
    Feeds feeds;
    if (!within_limits || !HasOutputs(signature) || state_changes.MayHappen(signature.outputs) ||
        !MakeFeeds(signature, rows, limits.max_input_bytes, &feeds)) {
      ++report.skipped;
      return;
    }
    const Status status = RunOnce(model.session(), signature, feeds, left);
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
