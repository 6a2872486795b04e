#include "call/tensor_call.h"

#include <cstring>
#include <utility>

#include "call/predict.h"
#include "model/signature_text.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// Rows of a batch's outputs, which lie among those of others.
Status CopyOf(const TensorView& view, SharedTensor* out) {
  Tensor copy;
  copy.dtype = view.dtype;
  copy.dims.assign(view.dims, view.dims + view.rank);
  copy.elements = view.elements;
  if (view.dtype == DataType::kString) {
    for (int64_t i = 0; i < view.elements; ++i) {
      copy.strings.push_back(view.string_at(view.data, i));
    }
  } else {
    const size_t bytes = static_cast<size_t>(view.elements) * ElementSize(view.dtype);
    if (!copy.data.Resize(bytes)) return Status(Code::kResourceExhausted, "out of memory");
    if (bytes > 0) std::memcpy(copy.data.data(), view.data, bytes);
  }
  TensorHandle tensor;
  Status status = ToTfTensor(&copy, &tensor);
  *out = std::move(tensor);
  return status;
}

class TensorCall : public PredictCall {
 public:
  TensorCall(std::shared_ptr<const Servable> servable, TensorRequest request)
      : PredictCall(std::move(servable)), request_(std::move(request)) {}

  Status DecodeBody(std::string_view, const DecodeLimits&) override {
    const std::string& name = request_.signature.empty() ? kDefaultSignature : request_.signature;
    signature_ = model_->FindSignature(name);
    if (signature_ == nullptr) {
      return Status(Code::kFailedPrecondition, "Serving signature key \"" + name + "\" not found.")
          .With("signature", model_->UnknownSignature(name));
    }
    const std::vector<TensorInfo>& inputs = signature_->def.inputs;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const SharedTensor given = request_.inputs.Find(inputs[i].alias);
      TF_Tensor* const value = given != nullptr ? given.get() : signature_->defaults[i].get();
      if (value == nullptr) {
        return InvalidArgument("input " + Quoted(inputs[i].alias) + " of signature " +
                               Quoted(name) + " is missing")
            .With(FieldOf(inputs[i].alias),
                  "expected " + DeclaredText(inputs[i]) + ", got nothing");
      }
      Status status = given != nullptr ? FeedValue(i, value) : FeedDefault(i, value);
      if (!status.ok()) return status;
    }
    return request_.outputs.empty() ? FetchAll() : FetchNamed();
  }

  void DropInputs() override {
    PredictCall::DropInputs();
    request_.inputs = TensorSet();
  }

  std::shared_ptr<const TensorSet> TakeResults() override { return std::move(results_); }

 protected:
  std::string FieldOf(std::string_view alias) const override { return "inputs" + KeyStep(alias); }

  // A run of its own: the outputs are kept as they are.
  Status TakeOutputs(std::vector<TensorHandle> outputs, OutputBuffer*) override {
    results_ = std::make_shared<TensorSet>();
    for (size_t i = 0; i < outputs.size(); ++i) {
      results_->Add(std::string(fetch_aliases_[i]), std::move(outputs[i]));
    }
    return Status();
  }

  Status Encode(const std::vector<NamedTensorView>& outputs, OutputBuffer*) const override {
    results_ = std::make_shared<TensorSet>();
    for (const NamedTensorView& output : outputs) {
      SharedTensor copy;
      Status status = CopyOf(output.tensor, &copy);
      if (!status.ok()) return status;
      results_->Add(std::string(output.name), std::move(copy));
    }
    return Status();
  }

 private:
  Status FetchNamed() {
    for (const std::string& alias : request_.outputs) {
      const std::vector<TensorInfo>& outputs = signature_->def.outputs;
      size_t index = 0;
      while (index < outputs.size() && outputs[index].alias != alias) ++index;
      if (index == outputs.size()) {
        return InvalidArgument("signature " + Quoted(signature_->def.name) + " has no output " +
                               Quoted(alias));
      }
      Status status = Fetch(index);
      if (!status.ok()) return status;
    }
    return Status();
  }

  static const std::string kDefaultSignature;

  TensorRequest request_;
  mutable std::shared_ptr<TensorSet> results_;
};

const std::string TensorCall::kDefaultSignature = "serving_default";

}  // namespace

std::unique_ptr<InferenceCall> NewTensorCall(std::shared_ptr<const Servable> servable,
                                             TensorRequest request) {
  return std::make_unique<TensorCall>(std::move(servable), std::move(request));
}

}  // namespace tensorgate
