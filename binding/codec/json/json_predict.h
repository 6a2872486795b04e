// The REST predict body and reply: JSON to tensors and back, row ("instances"/"predictions") and
// columnar ("inputs"/"outputs") form. Numbers go straight from the text into tensor memory in one
// pass; a body that the single pass cannot take is parsed again the slow way, which yields
// upstream's exact error text. Knows neither TensorFlow nor Node-API; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/limits.h"
#include "codec/output_buffer.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate {

enum class JsonFormat { kRow, kColumnar };

struct InputSpec {
  std::string alias;
  DataType dtype = DataType::kInvalid;
};

// The inputs of a signature sorted by alias, or null when the model has no such signature. The
// pointer stays valid during the call that the lookup was given to.
using SignatureLookup = std::function<const std::vector<InputSpec>*(std::string_view name)>;

struct JsonPredictRequest {
  JsonFormat format = JsonFormat::kRow;
  std::string signature_name;  // effective: "serving_default" when the body names none
  std::vector<NamedTensor> inputs;
};

// OWNERSHIP: string elements may point into `body`, which must outlive `request`.
// ERRORS: upstream's texts; INVALID_ARGUMENT, or UNIMPLEMENTED for a dtype JSON cannot carry. The
// caller knows which signatures there are, so it adds the violation for one that is not found.
Status DecodePredictJson(std::string_view body, const SignatureLookup& signatures,
                         const DecodeLimits& limits, JsonPredictRequest* request);

// The checks upstream makes before it looks for the model: JSON syntax and the type of
// "signature_name". Used to answer in upstream's order when the model does not exist.
Status CheckPredictJson(std::string_view body);

// SHAPE: row form needs rank >= 1 and an equal dimension 0 in all outputs. ERRORS: INVALID_ARGUMENT
// with upstream's text; `out` then holds nothing of use.
Status EncodePredictJson(JsonFormat format, const std::vector<NamedTensorView>& outputs,
                         OutputBuffer* out);

}  // namespace tensorgate
