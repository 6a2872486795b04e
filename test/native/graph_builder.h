// GraphDefs put together by hand, so that graph/ is not tested against itself. Any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto_builder.h"

namespace tensorgate::graph {

using proto::BytesField;
using proto::VarintField;

inline constexpr int64_t kFloat = 1;
inline constexpr int64_t kResource = 20;

inline std::string Entry(std::string_view key, std::string_view value) {
  return BytesField(1, key) + BytesField(2, value);
}
inline std::string Type(int64_t type) { return VarintField(6, type); }
inline std::string Types(const std::vector<int64_t>& types) {
  return BytesField(1, proto::PackedVarints(6, types));
}
inline std::string Func(std::string_view name) { return BytesField(10, BytesField(1, name)); }

using Attrs = std::initializer_list<std::pair<const char*, std::string>>;

// A NodeDef.
inline std::string NodeDef(std::string_view name, std::string_view op,
                           std::initializer_list<std::string_view> inputs, Attrs attrs = {}) {
  std::string node = BytesField(1, name) + BytesField(2, op);
  for (std::string_view input : inputs) node += BytesField(3, input);
  for (const auto& [key, value] : attrs) node += BytesField(5, Entry(key, value));
  return node;
}

inline std::string Variable(std::string_view name) {
  return NodeDef(name, "VarHandleOp", {}, {{"dtype", Type(kFloat)}});
}

inline std::string Read(std::string_view name, std::string_view handle) {
  return NodeDef(name, "ReadVariableOp", {handle}, {{"dtype", Type(kFloat)}});
}

// A call with one argument, a handle.
inline std::string Call(std::string_view name, std::string_view function, std::string_view handle) {
  return NodeDef(name, "StatefulPartitionedCall", {handle},
                 {{"f", Func(function)}, {"Tin", Types({kResource})}, {"Tout", Types({kFloat})}});
}

// A function of a handle "v" that returns the float `result`.
inline std::string FunctionDef(std::string_view name, std::initializer_list<std::string> nodes,
                               std::string_view result) {
  const std::string v = BytesField(1, "v") + VarintField(3, kResource);
  const std::string out = BytesField(1, "out") + VarintField(3, kFloat);
  std::string function = BytesField(
      1, BytesField(1, name) + BytesField(2, v) + BytesField(3, out) + VarintField(17, 1));
  for (const std::string& node : nodes) function += BytesField(3, node);
  return function + BytesField(4, Entry("out", result));
}

inline std::string Graph(std::initializer_list<std::string> nodes,
                         std::initializer_list<std::string> functions = {}) {
  std::string graph, library;
  for (const std::string& node : nodes) graph += BytesField(1, node);
  for (const std::string& function : functions) library += BytesField(1, function);
  return graph + BytesField(2, library) + BytesField(4, VarintField(1, 2000));
}

}  // namespace tensorgate::graph
