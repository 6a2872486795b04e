#include "formats/file_graph.h"

#include "graph/attr_value.h"

namespace tensorgate {
namespace {

constexpr size_t kMostText = 200;  // bytes of a name, as logs have it

}  // namespace

void FileGraphBuilder::Begin(std::string_view name, std::string_view op) {
  origin_ = {std::string(name.substr(0, kMostText)), std::string(op.substr(0, kMostText))};
}

std::string_view FileGraphBuilder::Keep(std::string text) {
  return graph_.texts.emplace_back(std::move(text));
}

std::string FileGraphBuilder::Add(std::string_view op, const std::vector<std::string>& inputs,
                                  const Attrs& attrs) {
  entries_ += 1 + inputs.size();
  Node& node = graph_.graph.nodes.emplace_back();
  std::string name = "n" + std::to_string(graph_.graph.nodes.size());
  node.name = Keep(name);
  node.op = op;
  for (const std::string& input : inputs) node.inputs.push_back(Keep(input));
  for (const auto& [attr, value] : attrs) node.attrs.push_back({attr, Keep(value)});
  graph_.origins.emplace(name, origin_);
  return name;
}

std::string FileGraphBuilder::Constant(const std::vector<int64_t>& dims) {
  return Add("Const", {}, {{"shape", ShapeAttr(dims)}});
}

std::string FileGraphBuilder::Numbers(const std::vector<int64_t>& dims,
                                      const std::vector<int64_t>& values) {
  const std::string_view content(static_cast<const char*>(static_cast<const void*>(values.data())),
                                 values.size() * sizeof(int64_t));
  return Add("Const", {},
             {{"dtype", TypeAttr(DataType::kInt64)},
              {"value", TensorAttr(DataType::kInt64, dims, content)}});
}

std::string FileGraphBuilder::Vector(const std::vector<int64_t>& values) {
  return Numbers({static_cast<int64_t>(values.size())}, values);
}

Status NotFollowed(const std::string& format, const std::string& why) {
  return InvalidArgument("the graph of the " + format + " file cannot be followed: " + why);
}

}  // namespace tensorgate
