// TfliteRows: what each op of a TFLite file does with rows, in the words of FileGraph. For who
// reads the graph, op by op (tflite_graph.cc).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/file_graph.h"
#include "formats/flatbuffer.h"

namespace tensorgate {

class TfliteRows {
 public:
  static constexpr int32_t kNoTensor = -1;   // left out
  using Tensors = std::vector<std::string>;  // outputs of an op; none: nothing is known of them
  // An operator, as it is read.
  struct Op {
    std::string_view name;
    FlatVector inputs;  // numbers of tensors; kNoTensor: left out
    FlatVector outputs;
    FlatTable options;

    int32_t Int(size_t field) const { return Read<int32_t>(field, 0); }
    bool Bool(size_t field) const { return Read<uint8_t>(field, 0) != 0; }
    template <typename T>
    T Read(size_t field, T otherwise) const {
      T value = otherwise;
      return options.Read(field, &value) ? value : otherwise;
    }
  };
  struct Constant {
    std::string ref;
    std::vector<int64_t> dims;
    std::optional<std::vector<int64_t>> numbers;  // of a small one of int32 or int64
  };
  using Follow = Tensors (TfliteRows::*)(const Op& op);
  static constexpr size_t kMostDims = 64;

  // Null: nothing is known of such ops.
  static Follow FollowOf(std::string_view op);

 protected:
  explicit TfliteRows(FileGraph* graph) : graph_(*graph), builder_(graph) {}
  ~TfliteRows() = default;

  bool Define(int32_t tensor, std::string ref);
  bool TensorOf(int32_t number, FlatTable* tensor) const;
  // Null: it is none that the file has.
  const Constant* ConstantAt(int32_t number);
  std::string RefOf(int32_t number);
  std::string Input(const Op& op, size_t i);
  const Constant* ConstantIn(const Op& op, size_t i);
  Tensors Inputs(const Op& op, size_t first = 0);
  Tensors Outputs(const std::string& node, const Op& op) const;
  // As TensorFlow's op of these inputs.
  Tensors As(std::string_view name, const Op& op, const FileGraphBuilder::Attrs& attrs = {});
  Tensors Unary(const Op& op);
  // Whatever it computes, of inputs that broadcast.
  Tensors Elementwise(const Op& op);
  // With numbers that shapes are made of.
  Tensors Arithmetic(const Op& op);
  Tensors Select(const Op& op);
  Tensors Cast(const Op& op);
  // The innermost dimension as a whole.
  Tensors Innermost(const Op& op);
  FileGraphBuilder::Attrs Windows(const Op& op);
  // Weights are [out, height, width, in], or [1, height, width, out] by depth.
  Tensors Convolution(const Op& op);
  Tensors Pool(const Op& op);
  // output_shape, weights, input, bias
  Tensors TransposedConvolution(const Op& op);
  Tensors Resize(const Op& op);
  Tensors Blocks(const Op& op);
  // The input as a matrix, unless its dimensions are kept; weights are [out, in].
  Tensors FullyConnected(const Op& op);
  Tensors MatMul(const Op& op);
  Tensors Reduce(const Op& op);
  Tensors Best(const Op& op);
  Tensors Top(const Op& op);
  Tensors OneHot(const Op& op);
  Tensors Cumulative(const Op& op);
  Tensors Reshape(const Op& op);
  Tensors Squeeze(const Op& op);
  Tensors Concat(const Op& op);
  Tensors Pack(const Op& op);
  Tensors Unpack(const Op& op);
  Tensors Split(const Op& op);
  Tensors SplitV(const Op& op);
  Tensors StridedSlice(const Op& op);
  Tensors Slice(const Op& op);
  Tensors Gather(const Op& op);
  Tensors GatherNd(const Op& op);
  // ids, and a table with what each stands for
  Tensors Embedding(const Op& op);
  Tensors Transpose(const Op& op);
  Tensors ExpandDims(const Op& op);
  Tensors Tile(const Op& op);
  Tensors BroadcastTo(const Op& op);
  Tensors Fill(const Op& op);
  Tensors Pad(const Op& op);
  Tensors Reverse(const Op& op);
  Tensors Shape(const Op& op);
  Tensors Rank(const Op& op);
  Tensors Range(const Op& op);

  FileGraph& graph_;
  FileGraphBuilder builder_;
  FlatVector codes_, buffers_, tensors_;
  std::unordered_map<int32_t, std::string> defined_;  // inputs, and outputs of ops so far
  std::unordered_map<int32_t, Constant> constants_;
};

}  // namespace tensorgate
