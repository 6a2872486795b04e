// Classify, Regress and MultiInference on the protobuf wire and as JSON: requests to serialized
// tf.Examples, which go to the graph's own ParseExample op as they are; result tensors to replies.
// Features are never looked into on the protobuf path. Knows neither TensorFlow nor Node-API.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "codec/limits.h"
#include "codec/output_buffer.h"
#include "codec/proto/predict_proto.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate {

struct InferenceTaskView {
  ModelSpecView model_spec;
  std::string_view method_name;
};

struct ExampleRequest {
  ModelSpecView model_spec;              // Classify and Regress
  std::vector<InferenceTaskView> tasks;  // MultiInference
  std::string signature_name;            // JSON: effective
  // One serialized tf.Example per element: a view into the body, or, where a context came with the
  // list, the context's bytes followed by the example's, which protobuf merges.
  std::vector<std::string_view> examples;
  std::deque<std::string> owned_examples;
};

// ClassificationRequest and RegressionRequest: the same fields. An input of no kind leaves
// `examples` empty, which the caller answers with upstream's "Input is empty.".
// OWNERSHIP: views point into `body`. ERRORS: INVALID_ARGUMENT on a malformed wire, or when context
// times examples goes beyond the budget; checked before allocation.
Status ParseExampleRequest(std::string_view body, DecodeBudget* budget, ExampleRequest* request);
Status ParseMultiInferenceRequest(std::string_view body, DecodeBudget* budget,
                                  ExampleRequest* request);

// What the graph returned, already checked: labels string and scores float, each
// [examples, classes] or absent (null).
struct ClassificationTensors {
  int64_t examples = 0;
  int64_t classes = 0;
  const TensorView* labels = nullptr;
  const TensorView* scores = nullptr;
};

struct RegressionTensors {
  int64_t examples = 0;
  const TensorView* values = nullptr;  // float, `examples` elements
};

// The response's model_spec.
struct EffectiveSpec {
  std::string_view name;
  int64_t version = 0;
  std::string_view signature_name;
};

void EncodeClassificationResponse(const EffectiveSpec& spec, const ClassificationTensors& result,
                                  OutputBuffer* out);
void EncodeRegressionResponse(const EffectiveSpec& spec, const RegressionTensors& result,
                              OutputBuffer* out);

// One InferenceResult: exactly one of the two is set.
struct InferenceResult {
  EffectiveSpec spec;
  const ClassificationTensors* classification = nullptr;
  const RegressionTensors* regression = nullptr;
};
void EncodeMultiInferenceResponse(const std::vector<InferenceResult>& results, OutputBuffer* out);

// The REST body of :classify and :regress. ERRORS: upstream's texts, INVALID_ARGUMENT, the same for
// both; RESOURCE_EXHAUSTED beyond the limits.
Status DecodeExamplesJson(std::string_view body, const DecodeLimits& limits,
                          ExampleRequest* request);

// The checks upstream makes before it looks for the model.
Status CheckExamplesJson(std::string_view body);

// ERRORS: INVALID_ARGUMENT "Cannot convert empty ClassificationResults to JSON" and the like.
Status EncodeClassificationJson(const ClassificationTensors& result, OutputBuffer* out);
Status EncodeRegressionJson(const RegressionTensors& result, OutputBuffer* out);

}  // namespace tensorgate
