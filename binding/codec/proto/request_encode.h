// PredictRequest, ClassificationRequest and RegressionRequest as gRPC clients write them, for
// requests that came as JSON. Owns nothing; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "codec/output_buffer.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate {

// model_spec {name, signature_name} and the inputs, numbers in tensor_content.
// ERRORS: UNIMPLEMENTED for a dtype that is not servable.
Status EncodePredictRequest(std::string_view model_name, std::string_view signature_name,
                            const std::vector<NamedTensorView>& inputs, OutputBuffer* out);

// Both have the same fields: model_spec and a list of the examples. REQUIRES: `examples` is of
// strings, serialized tf.Examples.
void EncodeExampleRequest(std::string_view model_name, std::string_view signature_name,
                          const TensorView& examples, OutputBuffer* out);

}  // namespace tensorgate
