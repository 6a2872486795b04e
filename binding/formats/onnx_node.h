// Nodes and constants of an ONNX file as their messages have them. Views point into the bytes. Any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "tensor/dtype.h"

namespace tensorgate {

// A TensorProto.
struct OnnxTensor {
  std::string_view name;
  DataType dtype = DataType::kInvalid;
  std::vector<int64_t> dims;
  // Of a small tensor of int32 or int64 whose values are in the file.
  std::optional<std::vector<int64_t>> numbers;
};

struct OnnxAttribute {
  int64_t number = 0;
  std::vector<int64_t> numbers;
  std::string_view text;
  std::optional<OnnxTensor> tensor;
  bool is_float = false;  // or floats
};

struct OnnxNode {
  std::string_view name;
  std::string_view op;
  std::string_view domain;
  std::vector<std::string_view> inputs;  // empty: left out
  std::vector<std::string_view> outputs;
  std::map<std::string_view, OnnxAttribute> attributes;

  bool has(std::string_view attribute) const { return attributes.count(attribute) > 0; }
  int64_t Int(std::string_view attribute, int64_t otherwise) const;
  std::vector<int64_t> Ints(std::string_view attribute) const;
  std::string_view Text(std::string_view attribute) const;
  bool has_input(size_t i) const { return i < inputs.size() && !inputs[i].empty(); }
};

// False: malformed, or larger than anything that is looked at.
bool ReadOnnxTensor(std::string_view message, OnnxTensor* tensor);
bool ReadOnnxNode(std::string_view message, OnnxNode* node);

}  // namespace tensorgate
