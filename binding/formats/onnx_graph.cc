#include "formats/onnx_graph.h"

#include <algorithm>
#include <string>

#include "codec/proto/message_fields.h"
#include "formats/onnx_rows.h"
#include "formats/onnx_schema.h"

namespace tensorgate {
namespace {

// Before it ops broadcast by attributes.
constexpr uint64_t kFirstOpset = 7;

class OnnxGraphReader final : private OnnxRows {
 public:
  explicit OnnxGraphReader(FileGraph* graph) : OnnxRows(graph) {}

  Status Read(std::string_view bytes, const ModelFile& file) {
    std::string_view graph;
    bool has_functions = false;
    size_t graphs = 0;
    const bool is_read = ForEachBytes(bytes, [&](uint32_t field, std::string_view message) {
      if (field == onnx_schema::model::kGraph) {
        graph = message;
        ++graphs;
      }
      has_functions |= field == onnx_schema::model::kFunctions;
      return field != onnx_schema::model::kOpset || ReadOpset(message);
    });
    if (!is_read || graphs != 1) return NotFollowed("ONNX", "it is malformed");
    if (has_functions) return NotFollowed("ONNX", "it has functions of its own");
    if (opset_ < kFirstOpset) {
      return NotFollowed("ONNX", "it is of opset " + std::to_string(opset_) + ", expected " +
                                     std::to_string(kFirstOpset) + " or later");
    }
    if (!ReadConstants(graph))
      return NotFollowed("ONNX", "a constant is malformed, or comes twice");
    for (const FileTensor& input : file.inputs) {
      graph_.inputs.push_back("i" + std::to_string(graph_.inputs.size()) + ":0");
      if (!Define(input.name, {graph_.inputs.back(), false, {}, {}})) {
        return NotFollowed("ONNX", "\"" + input.name + "\" comes twice");
      }
    }
    const bool are_followed =
        ForEachBytes(graph, onnx_schema::graph::kNode, [&](std::string_view message) {
          OnnxNode node;
          return builder_.has_room() && ReadOnnxNode(message, &node) && Add(node);
        });
    if (!are_followed) return NotFollowed("ONNX", "it is malformed, or too large");
    for (const FileTensor& output : file.outputs) {
      graph_.outputs.push_back(RefOf(output.name));
    }
    return Status();
  }

 private:
  bool ReadOpset(std::string_view message) {
    std::string_view domain;
    uint64_t version = 0;
    const bool is_read =
        ForEachField(message, [&](uint32_t field, WireType type, WireReader* reader) {
          if (field == 1 && type == WireType::kBytes) return reader->ReadBytes(&domain);
          if (field == 2 && type == WireType::kVarint) return reader->ReadVarint(&version);
          return reader->Skip(field, type);
        });
    if (is_read && IsOnnx(domain)) opset_ = opset_ == 0 ? version : std::min(opset_, version);
    return is_read;
  }

  bool ReadConstants(std::string_view graph) {
    return ForEachBytes(graph, [&](uint32_t field, std::string_view message) {
      if (field == onnx_schema::graph::kSparse)
        return ForEachBytes(message, 1, [&](std::string_view values) {
          OnnxTensor tensor;
          // Its dimensions are another message's.
          return ReadOnnxTensor(values, &tensor) &&
                 Define(tensor.name, {builder_.AddUnknown(), false, {}, {}});
        });
      OnnxTensor tensor;
      return field != onnx_schema::graph::kInitializer ||
             (builder_.has_room() && ReadOnnxTensor(message, &tensor) &&
              Define(tensor.name, Constant(tensor)));
    });
  }

  bool Add(const OnnxNode& node) {
    const std::string_view name =
        node.name.empty() && !node.outputs.empty() ? node.outputs[0] : node.name;
    builder_.Begin(name, IsOnnx(node.domain)
                             ? std::string(node.op)
                             : std::string(node.domain) + "." + std::string(node.op));
    if (IsOnnx(node.domain) && node.op == "Constant" && node.outputs.size() == 1) {
      return AddConstant(node);
    }
    const Follow follow = IsOnnx(node.domain) ? FollowOf(node.op) : nullptr;
    Tensors tensors = follow == nullptr ? Tensors() : (this->*follow)(node);
    if (tensors.empty()) tensors.push_back(builder_.AddUnknown());
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i].empty()) continue;
      std::string ref = i < tensors.size() ? tensors[i] : builder_.AddUnknown();
      if (!Define(node.outputs[i], {std::move(ref), false, {}, {}})) return false;
    }
    return true;
  }

  bool AddConstant(const OnnxNode& node) {
    OnnxTensor tensor;
    const auto value = node.attributes.find("value");
    if (value != node.attributes.end() && value->second.tensor) {
      tensor = *value->second.tensor;
    } else if (node.has("value_int")) {
      tensor.numbers = {node.Int("value_int", 0)};
    } else if (node.has("value_ints")) {
      tensor.numbers = node.Ints("value_ints");
      tensor.dims = {static_cast<int64_t>(tensor.numbers->size())};
    } else {
      return Define(node.outputs[0], {builder_.Add("file.Fixed", {}), false, {}, {}});
    }
    return Define(node.outputs[0], Constant(tensor));
  }
};

}  // namespace

OnnxRows::Follow OnnxRows::FollowOf(std::string_view op) {
  using Reader = OnnxRows;
  static const std::unordered_map<std::string_view, Follow> follows = [] {
    std::unordered_map<std::string_view, Follow> all = {
        {"Add", &Reader::Arithmetic},
        {"ArgMax", &Reader::Best},
        {"ArgMin", &Reader::Best},
        {"AveragePool", &Reader::Pool},
        {"BatchNormalization", &Reader::BatchNormalization},
        {"Cast", &Reader::Cast},
        {"Concat", &Reader::Concat},
        {"ConstantOfShape", &Reader::ConstantOfShape},
        {"Conv", &Reader::Convolution},
        {"CumSum", &Reader::Cumulative},
        {"DepthToSpace", &Reader::Blocks},
        {"DequantizeLinear", &Reader::Quantize},
        {"Div", &Reader::Arithmetic},
        {"Dropout", &Reader::Dropout},
        {"Einsum", &Reader::Einsum},
        {"Expand", &Reader::Expand},
        {"Flatten", &Reader::Flatten},
        {"Gather", &Reader::Gather},
        {"GatherND", &Reader::GatherNd},
        {"Gemm", &Reader::Gemm},
        {"GlobalAveragePool", &Reader::GlobalPool},
        {"GlobalMaxPool", &Reader::GlobalPool},
        {"GroupNormalization", &Reader::EachImage},
        {"Identity", &Reader::Same},
        {"InstanceNormalization", &Reader::EachImage},
        {"LRN", &Reader::EachImage},
        {"LayerNormalization", &Reader::LayerNormalization},
        {"LogSoftmax", &Reader::Softmax},
        {"MatMul", &Reader::MatMul},
        {"MaxPool", &Reader::Pool},
        {"Mul", &Reader::Arithmetic},
        {"OneHot", &Reader::OneHot},
        {"Pad", &Reader::Pad},
        {"QuantizeLinear", &Reader::Quantize},
        {"Range", &Reader::Range},
        {"Reshape", &Reader::Reshape},
        {"Shape", &Reader::Shape},
        {"Size", &Reader::Size},
        {"Slice", &Reader::Slice},
        {"Softmax", &Reader::Softmax},
        {"SpaceToDepth", &Reader::Blocks},
        {"Split", &Reader::Split},
        {"Squeeze", &Reader::Squeeze},
        {"Sub", &Reader::Arithmetic},
        {"Tile", &Reader::Tile},
        {"TopK", &Reader::Top},
        {"Transpose", &Reader::Transpose},
        {"Trilu", &Reader::Triangle},
        {"Unsqueeze", &Reader::Unsqueeze},
        {"Where", &Reader::Select},
    };
    for (std::string_view op :
         {"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
          "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare"}) {
      all.emplace(op, &Reader::Reduce);
    }
    for (std::string_view op :
         {"Abs",       "Acos",       "Acosh",      "Asin",      "Asinh", "Atan",
          "Atanh",     "BitwiseNot", "Ceil",       "Celu",      "Cos",   "Cosh",
          "Elu",       "Erf",        "Exp",        "Floor",     "Gelu",  "HardSigmoid",
          "HardSwish", "IsInf",      "IsNaN",      "LeakyRelu", "Log",   "Mish",
          "Neg",       "Not",        "Reciprocal", "Relu",      "Round", "Selu",
          "Shrink",    "Sigmoid",    "Sign",       "Sin",       "Sinh",  "Softplus",
          "Softsign",  "Sqrt",       "Swish",      "Tan",       "Tanh",  "ThresholdedRelu"}) {
      all.emplace(op, &Reader::Unary);
    }
    for (std::string_view op : {"And",       "BitShift",    "BitwiseAnd",
                                "BitwiseOr", "BitwiseXor",  "Clip",
                                "Equal",     "Greater",     "GreaterOrEqual",
                                "Less",      "LessOrEqual", "Max",
                                "Mean",      "Min",         "Mod",
                                "Or",        "PRelu",       "Pow",
                                "Sum",       "Xor"}) {
      all.emplace(op, &Reader::Elementwise);
    }
    return all;
  }();
  const auto found = follows.find(op);
  return found == follows.end() ? nullptr : found->second;
}

Status ReadOnnxGraph(std::string_view bytes, const ModelFile& file, FileGraph* graph) {
  return OnnxGraphReader(graph).Read(bytes, file);
}

}  // namespace tensorgate
