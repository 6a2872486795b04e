// PredictCall: one predict request from its bytes to the bytes of its answer. Decode() and
// RunAndEncode() may be called on different threads, one after the other; a call is never shared.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json_predict.h"
#include "codec/limits.h"
#include "codec/output_buffer.h"
#include "runtime/saved_model.h"
#include "status/status.h"
#include "tensor/tensor.h"
#include "tf/handles.h"

namespace tensorgate {

class PredictCall {
 public:
  explicit PredictCall(std::shared_ptr<const SavedModel> model) : model_(std::move(model)) {}
  virtual ~PredictCall() = default;

  // After a successful return nothing points into `body` any more. ERRORS: upstream's, in
  // upstream's order of checks; the call is then over.
  virtual Status Decode(std::string_view body, const DecodeLimits& limits) = 0;

  // THREAD: run pool; blocks for the whole inference. REQUIRES: Decode() succeeded.
  // ERRORS: TensorFlow's status, or the encoder's.
  Status RunAndEncode(OutputBuffer* out);

 protected:
  // Feeds the signature's input number `index`.
  Status Feed(size_t index, Tensor* tensor);
  Status FeedDefault(size_t index, TF_Tensor* value);
  Status FetchAll();
  Status Fetch(size_t index);
  virtual Status Encode(const std::vector<NamedTensorView>& outputs, OutputBuffer* out) const = 0;

  const std::shared_ptr<const SavedModel> model_;
  const BoundSignature* signature_ = nullptr;  // belongs to model_
  std::vector<TF_Output> feeds_;
  std::vector<TF_Tensor*> feed_values_;  // as feeds_; belong to inputs_, or to model_ (defaults)
  std::vector<TensorHandle> inputs_;
  std::vector<TF_Output> fetches_;
  std::vector<std::string_view> fetch_aliases_;  // belong to signature_
};

// gRPC: tensorflow.serving.PredictRequest in, PredictResponse out; outputs in `tensor_content` when
// `as_content`.
std::unique_ptr<PredictCall> NewProtoPredictCall(std::shared_ptr<const SavedModel> model,
                                                 bool as_content);

// REST: the JSON body in, the JSON reply out.
std::unique_ptr<PredictCall> NewJsonPredictCall(std::shared_ptr<const SavedModel> model);

}  // namespace tensorgate
