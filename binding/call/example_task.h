// ExampleTask: one classification or regression over a list of tf.Examples: which signature serves
// it, what it feeds and fetches, and what its outputs must look like. Upstream's rules and texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/proto/example_request.h"
#include "model/servable.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate {

struct ExampleTask {
  const Signature* signature = nullptr;
  bool is_classification = false;
  // Of signature->outputs; -1 where the signature has none. ExampleCall makes them indexes of its
  // fetches.
  int labels = -1;
  int scores = -1;
  int values = -1;
};

// The rules that a signature must meet before a run. ERRORS: INVALID_ARGUMENT.
Status CheckClassification(const Signature& signature, bool check_method_name, ExampleTask* task);
Status CheckRegression(const Signature& signature, bool check_method_name, ExampleTask* task);

// The rules that outputs must meet after it; null for an output that the task does not fetch.
// OWNERSHIP: the results point to the views. ERRORS: INVALID_ARGUMENT.
Status ReadClassification(const TensorView* labels, const TensorView* scores, int64_t examples,
                          ClassificationTensors* result);
Status ReadRegression(const TensorView* values, int64_t examples, RegressionTensors* result);

}  // namespace tensorgate
