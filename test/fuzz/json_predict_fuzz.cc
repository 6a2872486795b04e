// Decodes any bytes as a predict body against signatures of every dtype. What the single pass
// takes, the slow way must decode to the same request; what decodes, must encode again.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json/json_predict.h"
#include "codec/json/json_predict_paths.h"
#include "codec/json/json_request_head.h"

namespace {

using tensorgate::DataType;
using tensorgate::InputSpec;
using tensorgate::JsonPredictRequest;
using tensorgate::NamedTensorView;
using tensorgate::Tensor;

void Require(bool condition) {
  if (!condition) std::abort();
}

// By the default name, one signature a dtype in turn; by a body's own name, several inputs.
const std::vector<InputSpec>& SignatureOf(DataType dtype) {
  static std::vector<InputSpec> signature = {{"x", DataType::kFloat}};
  signature[0].dtype = dtype;
  return signature;
}

const std::vector<InputSpec> kMany = {
    {"a", DataType::kFloat}, {"b", DataType::kString}, {"c", DataType::kInt32}};
const std::vector<InputSpec> kAll = {{"bool", DataType::kBool},  {"double", DataType::kDouble},
                                     {"i16", DataType::kInt16},  {"i64", DataType::kInt64},
                                     {"i8", DataType::kInt8},    {"u32", DataType::kUint32},
                                     {"u64", DataType::kUint64}, {"u8", DataType::kUint8}};
const std::vector<InputSpec> kNone;

bool SameElements(const Tensor& a, const Tensor& b) {
  if (a.dtype != b.dtype || a.dims != b.dims || a.elements != b.elements) return false;
  if (a.strings != b.strings || a.data.size() != b.data.size()) return false;
  return a.data.size() == 0 || std::memcmp(a.data.data(), b.data.data(), a.data.size()) == 0;
}

void RequireSame(const JsonPredictRequest& a, const JsonPredictRequest& b) {
  Require(a.format == b.format && a.signature_name == b.signature_name);
  Require(a.inputs.size() == b.inputs.size());
  for (size_t i = 0; i < a.inputs.size(); ++i) {
    Require(a.inputs[i].name == b.inputs[i].name);
    Require(SameElements(a.inputs[i].tensor, b.inputs[i].tensor));
  }
}

void RequireConsistent(const Tensor& tensor) {
  int64_t elements = 1;
  for (const int64_t dim : tensor.dims) elements *= dim;
  Require(tensor.elements == elements);
  if (tensor.dtype == DataType::kString) {
    Require(tensor.strings.size() == static_cast<size_t>(elements));
  } else {
    Require(tensor.data.size() ==
            static_cast<size_t>(elements) * tensorgate::ElementSize(tensor.dtype));
  }
}

void Encode(const JsonPredictRequest& request) {
  std::vector<NamedTensorView> outputs;
  for (const auto& input : request.inputs) {
    const Tensor& tensor = input.tensor;
    NamedTensorView output;
    output.name = outputs.size() % 2 == 0 ? "y" : "y_bytes";
    output.tensor = {tensor.dtype, tensor.dims.data(), static_cast<int>(tensor.dims.size()),
                     tensor.elements, tensor.data.data()};
    if (tensor.dtype == DataType::kString) {
      output.tensor.data = &tensor.strings;
      output.tensor.string_at = [](const void* data, int64_t index) {
        return (
            *static_cast<const std::vector<std::string_view>*>(data))[static_cast<size_t>(index)];
      };
    }
    outputs.push_back(output);
  }
  tensorgate::OutputBuffer out;
  const tensorgate::Status status = tensorgate::EncodePredictJson(request.format, outputs, &out);
  // A dtype that JSON cannot carry decodes when it has no elements, and encodes then.
  Require(status.ok() && out.view().substr(0, 1) == "{" &&
          out.view().substr(out.size() - 1) == "}");
}

void Try(std::string_view body, DataType dtype) {
  const tensorgate::SignatureLookup lookup =
      [dtype](std::string_view name) -> const std::vector<InputSpec>* {
    if (name == "serving_default") return &SignatureOf(dtype);
    if (name == "many") return &kMany;
    if (name == "all") return &kAll;
    return name == "none" ? &kNone : nullptr;
  };
  tensorgate::DecodeLimits limits;
  limits.max_tensor_bytes = 1 << 20;
  JsonPredictRequest fast;
  const bool taken = tensorgate::DecodePredictJsonFast(body, lookup, limits, &fast);
  JsonPredictRequest slow;
  const tensorgate::Status status = tensorgate::DecodePredictJsonSlow(body, lookup, limits, &slow);
  Require(status.ok() || (!status.message().empty() && !taken));
  if (!status.ok()) return;
  if (taken) RequireSame(fast, slow);
  const std::string named = tensorgate::FindJsonSignatureName(body);
  Require((named.empty() ? "serving_default" : named) == slow.signature_name);
  for (const auto& input : slow.inputs) RequireConsistent(input.tensor);
  Encode(slow);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr DataType kTypes[] = {DataType::kFloat,  DataType::kDouble, DataType::kInt32,
                                        DataType::kUint8,  DataType::kInt16,  DataType::kInt8,
                                        DataType::kString, DataType::kInt64,  DataType::kBool,
                                        DataType::kUint32, DataType::kUint64, DataType::kHalf};
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const DataType dtype : kTypes) Try(body, dtype);
  (void)tensorgate::CheckPredictJson(body).ok();
  return 0;
}
