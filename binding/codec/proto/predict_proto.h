// tensorflow.serving.PredictRequest and PredictResponse on the protobuf wire, without a protobuf
// library: requests are read in place. Knows neither TensorFlow nor Node-API; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/limits.h"
#include "codec/output_buffer.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate {

struct ModelSpecView {
  bool present = false;  // a model_spec field was on the wire
  std::string_view name;
  std::string_view signature_name;
  bool has_version = false;  // version and label are one oneof: at most one is set, the last wins
  int64_t version = 0;
  bool has_label = false;
  std::string_view label;
};

struct PredictRequestView {
  ModelSpecView model_spec;
  std::vector<std::pair<std::string_view, std::string_view>> inputs;  // alias, TensorProto bytes
  std::vector<std::string_view> output_filter;
};

// Reads field 1 (ModelSpec) of a Predict, Classify, Regress, GetModelMetadata, GetModelStatus or
// SessionRun request (not MultiInference, not ReloadConfig). Only the top level and the spec are
// looked at.
// ERRORS: INVALID_ARGUMENT on a malformed wire. OWNERSHIP: views point into `body`.
Status ReadModelSpec(std::string_view body, ModelSpecView* spec);

// The whole request, down to the bytes of each TensorProto. A repeated alias: the last one wins.
// ERRORS: INVALID_ARGUMENT on a malformed wire or invalid UTF-8 in a string field.
Status ParsePredictRequest(std::string_view body, PredictRequestView* request);

// What is left of a request's DecodeLimits; shared by all tensors of the request.
struct DecodeBudget {
  explicit DecodeBudget(const DecodeLimits& limits)
      : filled_bytes(limits.max_filled_bytes), tensor_bytes(limits.max_tensor_bytes) {}
  size_t filled_bytes;
  size_t tensor_bytes;
};

// One TensorProto: tensor_content or the typed field of its dtype, packed or not, the last value
// repeated up to the shape. OWNERSHIP: string elements point into `proto`.
// ERRORS: INVALID_ARGUMENT with a text that says what was wrong; `tensor` is then of no use.
// The caller wraps it in upstream's "tensor parsing error: <alias>".
Status DecodeTensorProto(std::string_view proto, DecodeBudget* budget, Tensor* tensor);

// All elements in the typed field of the dtype, or in tensor_content when `as_content`.
// ERRORS: UNIMPLEMENTED for a dtype that is not servable.
Status EncodeTensorProto(const TensorView& tensor, bool as_content, OutputBuffer* out);

// A PredictResponse: outputs, and model_spec {name, version, signature_name}.
Status EncodePredictResponse(std::string_view model_name, int64_t version,
                             std::string_view signature_name,
                             const std::vector<NamedTensorView>& outputs, bool as_content,
                             OutputBuffer* out);

}  // namespace tensorgate
