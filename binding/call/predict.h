// PredictCall: what the two forms of a predict call share: feeding, fetching, running.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cache/response_cache.h"
#include "call/inference_call.h"
#include "codec/output_buffer.h"
#include "model/servable.h"
#include "status/status.h"
#include "tensor/tensor.h"
#include "tf/handles.h"

namespace tensorgate {

class PredictCall : public InferenceCall {
 public:
  using InferenceCall::InferenceCall;

  const RunArguments* arguments() const override { return &run_; }
  const Signature* signature() const override { return signature_; }
  void DropInputs() override { inputs_.clear(); }
  Status TakeInputs(TensorSet* inputs) override;
  const std::vector<std::string_view>& fetch_names() const override { return fetch_aliases_; }
  RunPace* pace() const override;
  std::shared_ptr<Flight> FindAnswer(RunBy by) override;
  size_t answer_bytes() const override { return answer_ == nullptr ? 0 : answer_->bytes(); }
  // For INVALID_ARGUMENT: each fed tensor that is not what the signature declares.
  Status Explain(Status status) const override;

 protected:
  Status Run(OutputBuffer* out) override;
  Status FinishRun(const std::vector<TensorView>& outputs, std::chrono::nanoseconds latency,
                   OutputBuffer* out) override;
  Method method() const override { return Method::kPredict; }

  // Feeds the signature's input number `index`.
  Status Feed(size_t index, Tensor* tensor);
  Status FeedDefault(size_t index, TF_Tensor* value);
  Status FetchAll();
  Status Fetch(size_t index);
  // Where the request has that input, as its client would write it.
  // OWNERSHIP: the value outlives the run.
  Status FeedValue(size_t index, TF_Tensor* value);
  virtual std::string FieldOf(std::string_view alias) const = 0;
  virtual Status Encode(const std::vector<NamedTensorView>& outputs, OutputBuffer* out) const = 0;
  // The answer of a run of its own.
  virtual Status TakeOutputs(std::vector<TensorHandle> outputs, OutputBuffer* out);

  const Signature* signature_ = nullptr;  // belongs to model_
  RunArguments run_;
  std::vector<TensorHandle> inputs_;             // run_.values without the defaults
  std::vector<std::string_view> fed_aliases_;    // as run_.feeds; belong to signature_
  std::vector<std::string_view> fetch_aliases_;  // as run_.fetches; belong to signature_
  size_t input_bytes_ = 0;

 private:
  bool AddInputs(const CacheSettings& settings, RequestKeyBuilder* key) const;
  Status EncodeOutputs(const std::vector<TensorView>& outputs, OutputBuffer* out) const;
  void KeepForOthers(const std::vector<TensorHandle>& outputs);
  void CountRun(std::chrono::nanoseconds latency) const;

  // At most one of them, once FindAnswer() was called.
  std::shared_ptr<const KeptOutputs> answer_;
  std::shared_ptr<Flight> flight_;
  std::unique_ptr<ResponseCache::Lead> lead_;
  bool has_asked_ = false;  // the cache
};

}  // namespace tensorgate
