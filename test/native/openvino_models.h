// Models for OpenVINO made by hand, and where its library is.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "graph_builder.h"
#include "proto_builder.h"

namespace tensorgate::openvino_test {

using proto::BytesField;
using proto::VarintField;

// The file libopenvino_c.so.* of OPENVINO_PATH, else of this checkout; empty where there is none.
inline std::string LibraryPath() {
  const char* const own = std::getenv("OPENVINO_PATH");
  const std::string folder = own != nullptr && *own != '\0'
                                 ? own
                                 : std::string(TENSORGATE_SOURCE_DIR) + "/third_party/openvino";
  for (const char* place : {"/lib/", "/libs/", "/"}) {
    const std::string path = folder + place + "libopenvino_c.so.2641";
    struct stat stat;
    if (::stat(path.c_str(), &stat) == 0) return path;
  }
  return "";
}

// Of a suite that does without it where it is not there.
#define TENSORGATE_NEEDS_OPENVINO()                                          \
  if (openvino_test::LibraryPath().empty()) {                                \
    GTEST_SKIP() << "no OpenVINO in third_party: scripts/fetch-openvino.sh"; \
  }

// Field 7 of an AttrValue; -1 = unknown.
inline std::string ShapeAttr(const std::vector<int64_t>& dims) {
  std::string shape;
  for (const int64_t dim : dims) shape += BytesField(2, VarintField(1, dim));
  return BytesField(7, shape);
}

inline std::string Placeholder(std::string_view name, const std::vector<int64_t>& dims) {
  return graph::NodeDef(name, "Placeholder", {},
                        {{"dtype", graph::Type(graph::kFloat)}, {"shape", ShapeAttr(dims)}});
}

inline std::string FloatConst(std::string_view name, const std::vector<float>& values) {
  const std::string shape = BytesField(2, VarintField(1, static_cast<int64_t>(values.size())));
  const std::string tensor =
      VarintField(1, graph::kFloat) + BytesField(2, shape) + BytesField(4, proto::Raw(values));
  return graph::NodeDef(name, "Const", {},
                        {{"dtype", graph::Type(graph::kFloat)}, {"value", BytesField(8, tensor)}});
}

// `op` of two inputs of floats, or of one.
inline std::string FloatOp(std::string_view name, std::string_view op,
                           std::initializer_list<std::string_view> inputs) {
  return graph::NodeDef(name, op, inputs, {{"T", graph::Type(graph::kFloat)}});
}

// "x" of [?, 3] to "y" = x * {1, 2, 3} + 10.
inline std::string ScaleGraph() {
  return graph::Graph({Placeholder("x", {-1, 3}), FloatConst("scale", {1, 2, 3}),
                       FloatConst("shift", {10}), FloatOp("mul", "Mul", {"x", "scale"}),
                       FloatOp("add", "AddV2", {"mul", "shift"}),
                       FloatOp("y", "Identity", {"add"})});
}

inline constexpr int64_t kOnnxFloat = 1;
inline constexpr int64_t kOnnxInt64 = 7;

// A ValueInfoProto of ONNX; a dimension of -1 is named, others have that size.
inline std::string OnnxValue(std::string_view name, int64_t type,
                             const std::vector<int64_t>& dims) {
  std::string shape;
  for (const int64_t dim : dims) {
    shape += BytesField(1, dim < 0 ? BytesField(2, "n") : VarintField(1, dim));
  }
  const std::string tensor_type = VarintField(1, type) + BytesField(2, shape);
  return BytesField(1, name) + BytesField(2, BytesField(1, tensor_type));
}

inline std::string OnnxNode(std::string_view op, std::initializer_list<std::string_view> inputs,
                            std::string_view output) {
  std::string node;
  for (std::string_view input : inputs) node += BytesField(1, input);
  return node + BytesField(2, output) + BytesField(3, output) + BytesField(4, op);
}

inline std::string OnnxModel(std::initializer_list<std::string> nodes,
                             std::initializer_list<std::string> inputs,
                             std::initializer_list<std::string> outputs) {
  std::string graph;
  for (const std::string& node : nodes) graph += BytesField(1, node);
  graph += BytesField(2, "g");
  for (const std::string& input : inputs) graph += BytesField(11, input);
  for (const std::string& output : outputs) graph += BytesField(12, output);
  return VarintField(1, 8) + BytesField(7, graph) + BytesField(8, VarintField(2, 17));
}

// "a" and "b" of [n, 2] to "sum" = a + b.
inline std::string SumOnnx(const char* op = "Add") {
  return OnnxModel({OnnxNode(op, {"a", "b"}, "sum")},
                   {OnnxValue("a", kOnnxFloat, {-1, 2}), OnnxValue("b", kOnnxFloat, {-1, 2})},
                   {OnnxValue("sum", kOnnxFloat, {-1, 2})});
}

}  // namespace tensorgate::openvino_test
