// InferenceCall: one request from its bytes to the bytes of its answer. Decode() and RunAndEncode()
// may be called on different threads, one after the other; a call is never shared.
#pragma once

#include <memory>
#include <string_view>

#include "codec/limits.h"
#include "codec/output_buffer.h"
#include "runtime/method.h"
#include "runtime/saved_model.h"
#include "status/status.h"

namespace tensorgate {

class InferenceCall {
 public:
  virtual ~InferenceCall() = default;

  // After a successful return nothing points into `body` any more. ERRORS: upstream's, in
  // upstream's order of checks; the call is then over.
  virtual Status Decode(std::string_view body, const DecodeLimits& limits) = 0;

  // THREAD: run pool; blocks for the whole inference. REQUIRES: Decode() succeeded.
  // ERRORS: TensorFlow's status, that of the checks on its outputs, or the encoder's.
  virtual Status RunAndEncode(OutputBuffer* out) = 0;

  // Keeps the run out of RunStatistics: no client asked for it.
  void LeaveUncounted() { counted_ = false; }

 protected:
  bool counted() const { return counted_; }

 private:
  bool counted_ = true;
};

// gRPC: PredictRequest in, PredictResponse out; outputs in `tensor_content` when `as_content`.
std::unique_ptr<InferenceCall> NewProtoPredictCall(std::shared_ptr<const SavedModel> model,
                                                   bool as_content);
// REST: the JSON body in, the JSON reply out.
std::unique_ptr<InferenceCall> NewJsonPredictCall(std::shared_ptr<const SavedModel> model);

// gRPC: Classification-, Regression- or MultiInferenceRequest in, the response out.
// REQUIRES: one of these three.
std::unique_ptr<InferenceCall> NewProtoExampleCall(std::shared_ptr<const SavedModel> model,
                                                   Method method);
// REST :classify and :regress. REQUIRES: one of these two.
std::unique_ptr<InferenceCall> NewJsonExampleCall(std::shared_ptr<const SavedModel> model,
                                                  Method method);

// gRPC: SessionRunRequest in, SessionRunResponse out.
std::unique_ptr<InferenceCall> NewSessionRunCall(std::shared_ptr<const SavedModel> model);

}  // namespace tensorgate
