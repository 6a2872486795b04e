// PredictCall: what the two forms of a predict call share: feeding, fetching, running.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/output_buffer.h"
#include "runtime/inference_call.h"
#include "runtime/saved_model.h"
#include "status/status.h"
#include "tensor/tensor.h"
#include "tf/handles.h"

namespace tensorgate {

class PredictCall : public InferenceCall {
 public:
  explicit PredictCall(std::shared_ptr<const SavedModel> model) : model_(std::move(model)) {}

  Status RunAndEncode(OutputBuffer* out) override;

 protected:
  // Feeds the signature's input number `index`.
  Status Feed(size_t index, Tensor* tensor);
  Status FeedDefault(size_t index, TF_Tensor* value);
  Status FetchAll();
  Status Fetch(size_t index);
  // Where the request has that input, as its client would write it.
  virtual std::string FieldOf(std::string_view alias) const = 0;
  virtual Status Encode(const std::vector<NamedTensorView>& outputs, OutputBuffer* out) const = 0;

  // `status` with a violation for each fed tensor that is not what the signature declares.
  Status WithMismatches(Status status) const;

  const std::shared_ptr<const SavedModel> model_;
  const BoundSignature* signature_ = nullptr;  // belongs to model_
  std::vector<TF_Output> feeds_;
  std::vector<TF_Tensor*> feed_values_;  // as feeds_; belong to inputs_, or to model_ (defaults)
  std::vector<TensorHandle> inputs_;
  std::vector<TF_Output> fetches_;
  std::vector<std::string_view> fetch_aliases_;  // belong to signature_
};

}  // namespace tensorgate
