#include "call/predict.h"

#include <string>
#include <utility>

#include "model/signature_text.h"
#include "tensor/type_text.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

Status NotInGraph(const TensorInfo& info) {
  return InvalidArgument("Tensor " + info.tensor_name +
                         ", specified in either feed_devices or fetch_devices was not found in "
                         "the Graph");
}

bool Fits(const TensorView& given, const TensorInfo& declared) {
  if (given.dtype != BaseType(declared.dtype)) return false;
  if (declared.unknown_rank) return true;
  if (declared.dims.size() != static_cast<size_t>(given.rank)) return false;
  for (size_t i = 0; i < declared.dims.size(); ++i) {
    if (declared.dims[i] >= 0 && declared.dims[i] != given.dims[i]) return false;
  }
  return true;
}

}  // namespace

Status PredictCall::Feed(size_t index, Tensor* tensor) {
  TensorHandle value;
  Status status = ToTfTensor(tensor, &value);
  if (!status.ok()) return status;
  inputs_.push_back(std::move(value));
  return FeedValue(index, inputs_.back().get());
}

Status PredictCall::FeedDefault(size_t index, TF_Tensor* value) {
  run_.defaults.push_back(run_.feeds.size());
  return FeedValue(index, value);
}

Status PredictCall::FeedValue(size_t index, TF_Tensor* value) {
  if (signature_->inputs[index].oper == nullptr) return NotInGraph(signature_->def.inputs[index]);
  run_.feeds.push_back(signature_->inputs[index]);
  fed_aliases_.push_back(signature_->def.inputs[index].alias);
  run_.values.push_back(value);
  input_bytes_ += TF_TensorByteSize(value);
  return Status();
}

Status PredictCall::Fetch(size_t index) {
  if (signature_->outputs[index].oper == nullptr) return NotInGraph(signature_->def.outputs[index]);
  run_.signature = signature_;
  run_.fetches.push_back(signature_->outputs[index]);
  fetch_aliases_.push_back(signature_->def.outputs[index].alias);
  return Status();
}

Status PredictCall::FetchAll() {
  if (signature_->outputs.empty()) {
    return InvalidArgument("Must specify at least one target to fetch or execute.");
  }
  for (size_t i = 0; i < signature_->outputs.size(); ++i) {
    Status status = Fetch(i);
    if (!status.ok()) return status;
  }
  return Status();
}

RunPace* PredictCall::pace() const {
  return input_bytes_ <= RunPace::kSmallInputBytes ? signature_->pace.get() : nullptr;
}

Status PredictCall::Run(OutputBuffer* out) {
  if (answer_ != nullptr) return EncodeOutputs(answer_->views(), out);
  std::vector<TensorHandle> outputs;
  const auto started = std::chrono::steady_clock::now();
  Status status = model_->Run(run_.feeds, run_.values, run_.fetches, &outputs);
  Ran(started);
  if (!status.ok())
    status = Explain(std::move(status));
  else if (counted()) {
    CountRun(run_time_);
    if (RunPace* const known = pace(); known != nullptr) known->Record(run_time_);
  }
  // The request's tensors are the larger part as a rule: gone before the answer is written.
  inputs_.clear();
  if (!status.ok()) {
    lead_.reset();  // who waits for it runs by itself
    return status;
  }
  if (lead_ != nullptr) KeepForOthers(outputs);
  return TakeOutputs(std::move(outputs), out);
}

Status PredictCall::TakeOutputs(std::vector<TensorHandle> outputs, OutputBuffer* out) {
  std::vector<std::vector<int64_t>> dims(outputs.size());
  std::vector<TensorView> views(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) views[i] = ViewOf(outputs[i].get(), &dims[i]);
  return EncodeOutputs(views, out);
}

Status PredictCall::TakeInputs(TensorSet* inputs) {
  // Without defaults, which are the signature's own.
  size_t owned = 0;
  for (size_t i = 0; i < run_.values.size(); ++i) {
    if (owned == inputs_.size() || inputs_[owned].get() != run_.values[i]) continue;
    inputs->Add(std::string(fed_aliases_[i]), std::move(inputs_[owned++]));
  }
  inputs_.clear();
  return Status();
}

Status PredictCall::FinishRun(const std::vector<TensorView>& outputs,
                              std::chrono::nanoseconds latency, OutputBuffer* out) {
  run_time_ = latency;
  CountRun(latency);
  if (lead_ != nullptr) lead_->Keep(outputs);
  return EncodeOutputs(outputs, out);
}

Status PredictCall::EncodeOutputs(const std::vector<TensorView>& outputs, OutputBuffer* out) const {
  std::vector<NamedTensorView> views(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) views[i] = {fetch_aliases_[i], outputs[i]};
  return Encode(views, out);
}

void PredictCall::CountRun(std::chrono::nanoseconds latency) const {
  model_->statistics().runs(Method::kPredict).Record(latency);
}

// TensorFlow's own text names an argument of a function or a node of the graph, which no client
// knows.
Status PredictCall::Explain(Status status) const {
  if (!status.violations().empty()) {
    return std::move(status).Under(FieldOf(fed_aliases_[0]));
  }
  if (status.code() != Code::kInvalidArgument) return status;
  const std::vector<TensorInfo>& declared = signature_->def.inputs;
  for (size_t i = 0; i < run_.feeds.size(); ++i) {
    size_t input = 0;
    while (input < declared.size() && !Same(signature_->inputs[input], run_.feeds[i])) {
      ++input;
    }
    std::vector<int64_t> dims;
    const TensorView given = ViewOf(run_.values[i], &dims);
    if (input == declared.size() || Fits(given, declared[input])) continue;
    status = std::move(status).With(FieldOf(declared[input].alias),
                                    "expected " + DeclaredText(declared[input]) + ", got " +
                                        TypedShapeText(given.dtype, given.dims, given.rank));
  }
  return status;
}

}  // namespace tensorgate
