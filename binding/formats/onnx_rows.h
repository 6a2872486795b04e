// OnnxRows: what each op of an ONNX file does with rows, in the words of FileGraph. For who reads
// the graph, node by node (onnx_graph.cc).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/file_graph.h"
#include "formats/onnx_node.h"

namespace tensorgate {

class OnnxRows {
 public:
  using Tensors = std::vector<std::string>;  // outputs of an op; none: nothing is known of them
  struct Known {
    std::string ref;
    bool is_constant = false;
    std::vector<int64_t> dims;                    // of a constant
    std::optional<std::vector<int64_t>> numbers;  // likewise
  };
  using Follow = Tensors (OnnxRows::*)(const OnnxNode& node);

  // Null: nothing is known of such ops.
  static Follow FollowOf(std::string_view op);

 protected:
  explicit OnnxRows(FileGraph* graph) : graph_(*graph), builder_(graph) {}
  ~OnnxRows() = default;

  Known Constant(const OnnxTensor& tensor);
  bool Define(std::string_view name, Known known);
  std::string RefOf(std::string_view name);
  static bool IsOnnx(std::string_view domain);
  // Inputs from the first on, without those that are left out.
  Tensors Inputs(const OnnxNode& node, size_t first = 0);
  std::string Input(const OnnxNode& node, size_t i);
  // Null: it is none that the file has.
  const Known* ConstantIn(const OnnxNode& node, size_t i) const;
  // Numbers of an attribute, or, of later opsets, of an input. False: they are not known.
  bool NumbersOf(const OnnxNode& node, std::string_view attribute, size_t input,
                 std::vector<int64_t>* numbers) const;
  Tensors Unary(const OnnxNode& node);
  // Whatever it computes, of inputs that broadcast.
  Tensors Elementwise(const OnnxNode& node);
  // With numbers that shapes are made of.
  Tensors Arithmetic(const OnnxNode& node);
  Tensors Select(const OnnxNode& node);
  Tensors Same(const OnnxNode& node);
  Tensors Cast(const OnnxNode& node);
  // It does nothing once the model is trained.
  Tensors Dropout(const OnnxNode& node);
  // By one scale for all, or of a constant.
  Tensors Quantize(const OnnxNode& node);
  Tensors MatMul(const OnnxNode& node);
  Tensors Gemm(const OnnxNode& node);
  Tensors Einsum(const OnnxNode& node);
  // Windows over images whose dimensions are [N, C, …].
  FileGraphBuilder::Attrs Windows(const OnnxNode& node, size_t spatial);
  // Weights are [M, C / group, …], of TensorFlow's [… , C, M].
  Tensors Convolution(const OnnxNode& node);
  Tensors Pool(const OnnxNode& node);
  Tensors GlobalPool(const OnnxNode& node);
  // Of each image by itself.
  Tensors EachImage(const OnnxNode& node);
  Tensors BatchNormalization(const OnnxNode& node);
  Tensors Blocks(const OnnxNode& node);
  Tensors LayerNormalization(const OnnxNode& node);
  // Before opset 13 all dimensions from the axis on are one.
  Tensors Softmax(const OnnxNode& node);
  Tensors Cumulative(const OnnxNode& node);
  Tensors Reduce(const OnnxNode& node);
  Tensors Best(const OnnxNode& node);
  Tensors Top(const OnnxNode& node);
  Tensors OneHot(const OnnxNode& node);
  Tensors Triangle(const OnnxNode& node);
  Tensors Concat(const OnnxNode& node);
  Tensors Split(const OnnxNode& node);
  Tensors Slice(const OnnxNode& node);
  static std::vector<int64_t> UpTo(size_t count);
  Tensors Pad(const OnnxNode& node);
  Tensors Gather(const OnnxNode& node);
  Tensors GatherNd(const OnnxNode& node);
  Tensors Reshape(const OnnxNode& node);
  Tensors Flatten(const OnnxNode& node);
  Tensors Transpose(const OnnxNode& node);
  Tensors Squeeze(const OnnxNode& node);
  // Axes are those of the output.
  Tensors Unsqueeze(const OnnxNode& node);
  Tensors Expand(const OnnxNode& node);
  Tensors Tile(const OnnxNode& node);
  Tensors Shape(const OnnxNode& node);
  Tensors Size(const OnnxNode& node);
  Tensors Range(const OnnxNode& node);
  Tensors ConstantOfShape(const OnnxNode& node);

  FileGraph& graph_;
  FileGraphBuilder builder_;
  uint64_t opset_ = 0;
  std::unordered_map<std::string, Known> tensors_;
};

}  // namespace tensorgate
