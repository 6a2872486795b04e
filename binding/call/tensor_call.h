// A Predict from tensors to tensors: its inputs are there already, and its outputs are kept for
// who asked. It shares runs with requests of clients like any other call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "call/inference_call.h"
#include "call/tensor_set.h"
#include "model/servable.h"

namespace tensorgate {

struct TensorRequest {
  std::string signature;             // empty: serving_default
  TensorSet inputs;                  // by alias
  std::vector<std::string> outputs;  // aliases; empty: all
};

// Decode() takes no body: it looks the names up. ERRORS: FAILED_PRECONDITION where the servable has
// no such signature; INVALID_ARGUMENT for an input that is missing, or an output that there is not.
// TakeResults() has the outputs by their aliases.
std::unique_ptr<InferenceCall> NewTensorCall(std::shared_ptr<const Servable> servable,
                                             TensorRequest request);

}  // namespace tensorgate
