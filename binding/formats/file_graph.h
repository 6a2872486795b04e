// FileGraph: the ops of a TFLite or ONNX file in the words in which the row proof reads graphs
// (rows/row_proof.h): each as one or more of TensorFlow's that treat rows alike, or of its own
// rules for such files (rows/file_rules.cc). It is for the proof alone: what an op computes beside
// is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/graph_def.h"
#include "status/status.h"

namespace tensorgate {

struct FileGraph {
  // Of the file's op that a node stands for.
  struct Origin {
    std::string name;
    std::string op;
  };

  GraphDef graph;  // points into `texts`
  std::deque<std::string> texts;
  std::vector<std::string> inputs;   // tensors, as ModelFile::inputs; "" where it is none
  std::vector<std::string> outputs;  // likewise
  std::unordered_map<std::string, Origin> origins;  // by node
};

// Puts one together, op by op. Tensors are "node" or "node:1".
class FileGraphBuilder {
 public:
  using Attrs = std::vector<std::pair<std::string_view, std::string>>;

  // OWNERSHIP: borrows `graph`.
  explicit FileGraphBuilder(FileGraph* graph) : graph_(*graph) {}

  // False: it is larger than any that is looked at. Nothing more may be added.
  bool has_room() const { return entries_ < kMaxEntries; }

  // What is added from here on stands for this op of the file.
  void Begin(std::string_view name, std::string_view op);

  // A node; its first output. `op`, and the attributes' names: literals.
  std::string Add(std::string_view op, const std::vector<std::string>& inputs,
                  const Attrs& attrs = {});
  // One of which nothing is known.
  std::string AddUnknown() { return Add("file.Unknown", {}); }
  static std::string Output(const std::string& node, size_t index) {
    return node + ":" + std::to_string(index);
  }

  // What is the same in every run. The values of the first are of no interest.
  std::string Constant(const std::vector<int64_t>& dims);
  std::string Numbers(const std::vector<int64_t>& dims, const std::vector<int64_t>& values);
  std::string Vector(const std::vector<int64_t>& values);
  std::string Scalar(int64_t value) { return Numbers({}, {value}); }

 private:
  // Nodes, and inputs of nodes: files may say one thing over and over again in a few bytes.
  static constexpr size_t kMaxEntries = 200'000;

  std::string_view Keep(std::string text);

  FileGraph& graph_;
  FileGraph::Origin origin_;
  size_t entries_ = 0;
};

Status NotFollowed(const std::string& format, const std::string& why);

// Constants of more elements are no shapes or axes.
constexpr int64_t kMostNumbers = 64;

}  // namespace tensorgate
