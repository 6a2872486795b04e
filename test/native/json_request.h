// What the JSON decode tests share: signatures written in one line, and requests as comparable
// text.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json/json_predict.h"
#include "codec/json/json_predict_paths.h"

namespace tensorgate {

using Signature = std::vector<InputSpec>;

// Signatures by name.
inline SignatureLookup Lookup(std::map<std::string, Signature, std::less<>> signatures) {
  return [signatures = std::move(signatures)](std::string_view name) -> const Signature* {
    const auto found = signatures.find(name);
    return found == signatures.end() ? nullptr : &found->second;
  };
}

// The default signature has one input "x" of that type.
inline SignatureLookup OneInput(DataType dtype) {
  return Lookup({{"serving_default", {{"x", dtype}}}});
}

// It has two: "a" of int32 and "b" of strings.
inline const SignatureLookup& TwoInputs() {
  static const SignatureLookup lookup =
      Lookup({{"serving_default", {{"a", DataType::kInt32}, {"b", DataType::kString}}}});
  return lookup;
}

template <typename T>
std::string ElementsText(const Tensor& tensor) {
  std::string text;
  for (int64_t i = 0; i < tensor.elements; ++i) {
    T value;
    std::memcpy(&value, tensor.data.data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
    char number[40];
    if constexpr (std::is_floating_point_v<T>) {
      std::snprintf(number, sizeof(number), "%.17g", static_cast<double>(value));
    } else if constexpr (std::is_unsigned_v<T>) {
      std::snprintf(number, sizeof(number), "%llu", static_cast<unsigned long long>(value));
    } else {
      std::snprintf(number, sizeof(number), "%lld", static_cast<long long>(value));
    }
    if (i > 0) text += ' ';
    text += number;
  }
  return text;
}

// "int32 [2,2]: 1 2 3 4". Strings stand between bars.
inline std::string TensorText(const Tensor& tensor) {
  std::string text = DataTypeName(tensor.dtype) + " [";
  for (size_t i = 0; i < tensor.dims.size(); ++i) {
    if (i > 0) text += ',';
    text += std::to_string(tensor.dims[i]);
  }
  text += "]: ";
  if (tensor.dtype == DataType::kString) {
    EXPECT_EQ(tensor.strings.size(), static_cast<size_t>(tensor.elements));
    for (const std::string_view element : tensor.strings) text.append("|").append(element);
    return text + "|";
  }
  EXPECT_EQ(tensor.data.size(), static_cast<size_t>(tensor.elements) * ElementSize(tensor.dtype));
  switch (tensor.dtype) {
    case DataType::kFloat:
      return text + ElementsText<float>(tensor);
    case DataType::kDouble:
      return text + ElementsText<double>(tensor);
    case DataType::kInt32:
      return text + ElementsText<int32_t>(tensor);
    case DataType::kInt16:
      return text + ElementsText<int16_t>(tensor);
    case DataType::kInt8:
      return text + ElementsText<int8_t>(tensor);
    case DataType::kInt64:
      return text + ElementsText<int64_t>(tensor);
    case DataType::kUint32:
      return text + ElementsText<uint32_t>(tensor);
    case DataType::kUint64:
      return text + ElementsText<uint64_t>(tensor);
    default:
      return text + ElementsText<uint8_t>(tensor);
  }
}

// "row serving_default; x = float [3]: 1 2 5".
inline std::string RequestText(const JsonPredictRequest& request) {
  std::string text = request.format == JsonFormat::kRow ? "row " : "columnar ";
  text += request.signature_name;
  for (const NamedTensor& input : request.inputs) {
    text += "; " + input.name + " = " + TensorText(input.tensor);
  }
  return text;
}

// The decoded request as text, or the error as "INVALID_ARGUMENT: ...".
inline std::string Decoded(std::string_view body, const SignatureLookup& signatures,
                           const DecodeLimits& limits = {}) {
  JsonPredictRequest request;
  const Status status = DecodePredictJson(body, signatures, limits, &request);
  if (!status.ok()) return std::string(CodeName(status.code())) + ": " + status.message();
  return RequestText(request);
}

// As Decoded, with an answer's fixed beginning left out: only the tensor of the one input.
inline std::string DecodedTensor(std::string_view body, DataType dtype) {
  const std::string text = Decoded(body, OneInput(dtype));
  const size_t tensor = text.find(" = ");
  return tensor == std::string::npos ? text : text.substr(tensor + 3);
}

}  // namespace tensorgate
