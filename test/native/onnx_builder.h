// ONNX models put together by hand: nodes with attributes, constants, inputs and outputs. Any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto_builder.h"

namespace tensorgate::onnx {

using proto::BytesField;
using proto::VarintField;

constexpr int64_t kFloat = 1;
constexpr int64_t kInt64 = 7;

inline std::string Attr(std::string_view name, int64_t value) {
  return BytesField(5, BytesField(1, name) + VarintField(3, value) + VarintField(20, 2));
}

inline std::string Attr(std::string_view name, const std::vector<int64_t>& values) {
  std::string attribute = BytesField(1, name);
  for (const int64_t value : values) attribute += VarintField(8, value);
  return BytesField(5, attribute + VarintField(20, 7));
}

inline std::string Attr(std::string_view name, std::string_view text) {
  return BytesField(5, BytesField(1, name) + BytesField(4, text) + VarintField(20, 3));
}

// `attributes`: those of Attr(), one after the other.
inline std::string Node(std::string_view op, const std::vector<std::string_view>& inputs,
                        const std::vector<std::string_view>& outputs,
                        const std::string& attributes = "") {
  std::string node;
  for (std::string_view input : inputs) node += BytesField(1, input);
  for (std::string_view output : outputs) node += BytesField(2, output);
  return node + BytesField(4, op) + attributes;
}

inline std::string Dims(const std::vector<int64_t>& dims) {
  std::string fields;
  for (const int64_t dim : dims) fields += VarintField(1, dim);
  return fields;
}

// Constants of floats that are all `value`, and of whole numbers.
inline std::string Floats(std::string_view name, const std::vector<int64_t>& dims,
                          float value = 1) {
  size_t count = 1;
  for (const int64_t dim : dims) count *= static_cast<size_t>(dim);
  return Dims(dims) + VarintField(2, kFloat) + BytesField(8, name) +
         BytesField(9, proto::Raw(std::vector<float>(count, value)));
}

inline std::string Numbers(std::string_view name, const std::vector<int64_t>& values) {
  return Dims({static_cast<int64_t>(values.size())}) + VarintField(2, kInt64) +
         BytesField(8, name) + BytesField(9, proto::Raw(values));
}

inline std::string Scalar(std::string_view name, int64_t value) {
  return VarintField(2, kInt64) + BytesField(8, name) +
         BytesField(9, proto::Raw(std::vector<int64_t>{value}));
}

// A dimension of -1 is "rows", others have that size.
inline std::string ValueInfo(std::string_view name, const std::vector<int64_t>& dims,
                             int64_t type = kFloat) {
  std::string shape;
  for (const int64_t dim : dims) {
    shape += BytesField(1, dim < 0 ? BytesField(2, "rows") : VarintField(1, dim));
  }
  return BytesField(1, name) +
         BytesField(2, BytesField(1, VarintField(1, type) + BytesField(2, shape)));
}

struct Parts {
  std::vector<std::string> nodes;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> constants = {};
  int64_t opset = 17;
};

inline std::string Model(const Parts& parts) {
  std::string graph;
  for (const std::string& node : parts.nodes) graph += BytesField(1, node);
  graph += BytesField(2, "g");
  for (const std::string& constant : parts.constants) graph += BytesField(5, constant);
  for (const std::string& input : parts.inputs) graph += BytesField(11, input);
  for (const std::string& output : parts.outputs) graph += BytesField(12, output);
  return VarintField(1, 8) + BytesField(7, graph) + BytesField(8, VarintField(2, parts.opset));
}

}  // namespace tensorgate::onnx
