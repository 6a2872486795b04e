#include "formats/onnx_graph.h"

#include <algorithm>
#include <string>

#include "codec/proto/message_fields.h"
#include "formats/onnx_model.h"
#include "formats/onnx_node.h"
#include "formats/onnx_schema.h"
#include "graph/attr_value.h"

namespace tensorgate {
namespace {

// Before it ops broadcast by attributes.
constexpr uint64_t kFirstOpset = 7;

using Tensors = std::vector<std::string>;  // outputs of an op; none: nothing is known of them

class OnnxGraphReader {
 public:
  explicit OnnxGraphReader(FileGraph* graph) : graph_(*graph), builder_(graph) {}

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
  struct Known {
    std::string ref;
    bool is_constant = false;
    std::vector<int64_t> dims;                    // of a constant
    std::optional<std::vector<int64_t>> numbers;  // likewise
  };
  using Follow = Tensors (OnnxGraphReader::*)(const OnnxNode& node);

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

  Known Constant(const OnnxTensor& tensor) {
    Known known;
    known.is_constant = true;
    known.dims = tensor.dims;
    known.numbers = tensor.numbers;
    known.ref = tensor.numbers ? builder_.Numbers(tensor.dims, *tensor.numbers)
                               : builder_.Constant(tensor.dims);
    return known;
  }

  bool Define(std::string_view name, Known known) {
    return tensors_.emplace(std::string(name), std::move(known)).second;
  }

  std::string RefOf(std::string_view name) {
    const auto found = tensors_.find(std::string(name));
    return found == tensors_.end() ? builder_.AddUnknown() : found->second.ref;
  }

  static bool IsOnnx(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

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

  // Inputs from the first on, without those that are left out.
  Tensors Inputs(const OnnxNode& node, size_t first = 0) {
    Tensors inputs;
    for (size_t i = first; i < node.inputs.size(); ++i) {
      if (node.has_input(i)) inputs.push_back(RefOf(node.inputs[i]));
    }
    return inputs;
  }

  std::string Input(const OnnxNode& node, size_t i) {
    return node.has_input(i) ? RefOf(node.inputs[i]) : builder_.AddUnknown();
  }

  // Null: it is none that the file has.
  const Known* ConstantIn(const OnnxNode& node, size_t i) const {
    if (!node.has_input(i)) return nullptr;
    const auto found = tensors_.find(std::string(node.inputs[i]));
    return found == tensors_.end() || !found->second.is_constant ? nullptr : &found->second;
  }

  // Numbers of an attribute, or, of later opsets, of an input. False: they are not known.
  bool NumbersOf(const OnnxNode& node, std::string_view attribute, size_t input,
                 std::vector<int64_t>* numbers) const {
    if (node.has(attribute)) {
      *numbers = node.Ints(attribute);
      return true;
    }
    const Known* const known = ConstantIn(node, input);
    if (known == nullptr || !known->numbers) return false;
    *numbers = *known->numbers;
    return true;
  }

  Tensors Unary(const OnnxNode& node) { return {builder_.Add("Relu", Inputs(node))}; }
  // Whatever it computes, of inputs that broadcast.
  Tensors Elementwise(const OnnxNode& node) { return {builder_.Add("Atan2", Inputs(node))}; }
  // With numbers that shapes are made of.
  Tensors Arithmetic(const OnnxNode& node) {
    const std::string_view op = node.op == "Add"   ? "AddV2"
                                : node.op == "Sub" ? "Sub"
                                : node.op == "Mul" ? "Mul"
                                                   : "Div";
    return {builder_.Add(op, Inputs(node))};
  }
  Tensors Select(const OnnxNode& node) { return {builder_.Add("SelectV2", Inputs(node))}; }
  Tensors Same(const OnnxNode& node) { return {builder_.Add("Identity", {Input(node, 0)})}; }
  Tensors Cast(const OnnxNode& node) {
    const DataType type = OnnxType(static_cast<uint64_t>(node.Int("to", 0)));
    return {builder_.Add("Cast", {Input(node, 0)}, {{"DstT", TypeAttr(type)}})};
  }

  // It does nothing once the model is trained.
  Tensors Dropout(const OnnxNode& node) {
    if (node.has_input(2) || node.outputs.size() > 1) return {};
    return Same(node);
  }

  // By one scale for all, or of a constant.
  Tensors Quantize(const OnnxNode& node) {
    const Known* const value = ConstantIn(node, 0);
    const Known* const scale = ConstantIn(node, 1);
    const bool has_zero = node.has_input(2);
    if (scale == nullptr || (has_zero && ConstantIn(node, 2) == nullptr)) return {};
    if (value != nullptr) return {builder_.Constant(value->dims)};
    const bool is_one = scale->dims.empty() || (scale->dims.size() == 1 && scale->dims[0] == 1);
    return is_one ? Tensors{builder_.Add("Relu", {Input(node, 0)})} : Tensors();
  }

  Tensors MatMul(const OnnxNode& node) { return {builder_.Add("BatchMatMulV2", Inputs(node))}; }
  Tensors Gemm(const OnnxNode& node) {
    std::string product = builder_.Add("MatMul", {Input(node, 0), Input(node, 1)},
                                       {{"transpose_a", BoolAttr(node.Int("transA", 0) != 0)},
                                        {"transpose_b", BoolAttr(node.Int("transB", 0) != 0)}});
    if (!node.has_input(2)) return {product};
    return {builder_.Add("AddV2", {product, Input(node, 2)})};
  }
  Tensors Einsum(const OnnxNode& node) {
    return {
        builder_.Add("Einsum", Inputs(node), {{"equation", StringAttr(node.Text("equation"))}})};
  }

  // Windows over images whose dimensions are [N, C, …].
  FileGraphBuilder::Attrs Windows(const OnnxNode& node, size_t spatial) {
    const auto all = [&](std::string_view attribute) {
      std::vector<int64_t> values = node.Ints(attribute);
      if (values.empty()) values.assign(spatial, 1);
      values.insert(values.begin(), 2, 1);
      return IntListAttr(values);
    };
    const std::string_view automatic = node.Text("auto_pad");
    std::string_view padding = "EXPLICIT";
    if (automatic == "VALID") padding = "VALID";
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") padding = "SAME";
    // Not known then, but by how far they move.
    if (node.Int("ceil_mode", 0) != 0) padding = "";
    std::vector<int64_t> pads = node.Ints("pads");
    pads.resize(2 * spatial);
    std::vector<int64_t> paddings(4);
    for (size_t i = 0; i < spatial; ++i) {
      paddings.push_back(pads[i]);
      paddings.push_back(pads[i + spatial]);
    }
    return {{"data_format", StringAttr("NCHW")},
            {"strides", all("strides")},
            {"dilations", all("dilations")},
            {"padding", StringAttr(padding)},
            {"explicit_paddings", IntListAttr(paddings)}};
  }

  // Weights are [M, C / group, …], of TensorFlow's [… , C, M].
  Tensors Convolution(const OnnxNode& node) {
    const Known* const weights = ConstantIn(node, 1);
    const bool is_known = weights != nullptr && weights->dims.size() >= 3;
    std::vector<int64_t> filter;
    if (is_known) {
      filter.assign(weights->dims.begin() + 2, weights->dims.end());
      filter.push_back(weights->dims[1]);
      filter.push_back(weights->dims[0]);
    }
    Tensors inputs = {Input(node, 0),
                      is_known ? builder_.Constant(filter) : builder_.Add("file.Fixed", {})};
    for (std::string& each : Inputs(node, 1)) inputs.push_back(std::move(each));
    const size_t spatial = is_known ? weights->dims.size() - 2 : 0;
    return {builder_.Add("Conv2D", inputs, Windows(node, spatial))};
  }
  Tensors Pool(const OnnxNode& node) {
    if (node.outputs.size() > 1) return {};  // places within the batch
    std::vector<int64_t> kernel = node.Ints("kernel_shape");
    FileGraphBuilder::Attrs attrs = Windows(node, kernel.size());
    kernel.insert(kernel.begin(), 2, 1);
    attrs.emplace_back("ksize", IntListAttr(kernel));
    return {builder_.Add(node.op == "MaxPool" ? "MaxPool" : "AvgPool", {Input(node, 0)}, attrs)};
  }
  Tensors GlobalPool(const OnnxNode& node) {
    return {builder_.Add("file.GlobalPool", {Input(node, 0)})};
  }
  // Of each image by itself.
  Tensors EachImage(const OnnxNode& node) {
    return node.outputs.size() == 1 ? Tensors{builder_.Add("LRN", Inputs(node))} : Tensors();
  }
  Tensors BatchNormalization(const OnnxNode& node) {
    const bool trains = node.Int("training_mode", 0) != 0 || node.outputs.size() > 1;
    return trains ? Tensors() : EachImage(node);
  }
  Tensors Blocks(const OnnxNode& node) { return {builder_.Add("DepthToSpace", Inputs(node))}; }

  Tensors LayerNormalization(const OnnxNode& node) {
    if (node.outputs.size() > 1) return {};
    return {builder_.Add("file.From", Inputs(node), {{"axis", IntAttr(node.Int("axis", -1))}})};
  }
  // Before opset 13 all dimensions from the axis on are one.
  Tensors Softmax(const OnnxNode& node) {
    const bool is_old = opset_ < 13;
    const int64_t axis = node.Int("axis", is_old ? 1 : -1);
    if (is_old) {
      return {builder_.Add("file.From", {Input(node, 0)}, {{"axis", IntAttr(axis)}})};
    }
    return {builder_.Add("Cumsum", {Input(node, 0), builder_.Scalar(axis)})};
  }
  Tensors Cumulative(const OnnxNode& node) { return {builder_.Add("Cumsum", Inputs(node))}; }

  Tensors Reduce(const OnnxNode& node) {
    const bool has_axes = node.has("axes") || node.has_input(1);
    std::vector<int64_t> axes;
    if (has_axes && !NumbersOf(node, "axes", 1, &axes)) return {};
    if (axes.empty()) {
      if (node.Int("noop_with_empty_axes", 0) != 0) return {builder_.Add("Relu", {Input(node, 0)})};
      return {builder_.Add("file.ReduceAll", {Input(node, 0)})};
    }
    const std::string_view op = node.op == "ReduceProd"  ? "Prod"
                                : node.op == "ReduceSum" ? "Sum"
                                                         : "Mean";
    return {builder_.Add(op, {Input(node, 0), builder_.Vector(axes)},
                         {{"keep_dims", BoolAttr(node.Int("keepdims", 1) != 0)}})};
  }
  Tensors Best(const OnnxNode& node) {
    const std::string axis = builder_.Scalar(node.Int("axis", 0));
    std::string best = builder_.Add("ArgMax", {Input(node, 0), axis});
    if (node.Int("keepdims", 1) == 0) return {best};
    return {builder_.Add("ExpandDims", {best, axis})};
  }
  Tensors Top(const OnnxNode& node) {
    if (node.Int("axis", -1) != -1) return {};
    const std::string top = builder_.Add("TopKV2", {Input(node, 0), Input(node, 1)});
    return {top, FileGraphBuilder::Output(top, 1)};
  }
  Tensors OneHot(const OnnxNode& node) {
    const std::string values = Input(node, 2);
    return {builder_.Add("OneHot", {Input(node, 0), Input(node, 1), values, values},
                         {{"axis", IntAttr(node.Int("axis", -1))}})};
  }
  Tensors Triangle(const OnnxNode& node) { return {builder_.Add("MatrixBandPart", Inputs(node))}; }

  Tensors Concat(const OnnxNode& node) {
    Tensors inputs = Inputs(node);
    inputs.push_back(builder_.Scalar(node.Int("axis", 1)));
    return {builder_.Add("ConcatV2", inputs)};
  }
  Tensors Split(const OnnxNode& node) {
    const int64_t parts = static_cast<int64_t>(node.outputs.size());
    std::vector<int64_t> sizes;
    if (!NumbersOf(node, "split", 1, &sizes)) sizes.assign(node.outputs.size(), -1);
    if (sizes.size() != node.outputs.size()) return {};
    const std::string split = builder_.Add(
        "SplitV", {Input(node, 0), builder_.Vector(sizes), builder_.Scalar(node.Int("axis", 0))},
        {{"num_split", IntAttr(parts)}});
    Tensors outputs;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      outputs.push_back(FileGraphBuilder::Output(split, i));
    }
    return outputs;
  }
  Tensors Slice(const OnnxNode& node) {
    if (node.has("starts")) {  // before opset 10
      std::vector<int64_t> starts = node.Ints("starts"), axes = node.Ints("axes");
      if (axes.empty()) axes = UpTo(starts.size());
      return {builder_.Add(
          "file.Slice",
          {Input(node, 0), builder_.Vector(starts), builder_.Vector(node.Ints("ends")),
           builder_.Vector(axes), builder_.Vector(std::vector<int64_t>(starts.size(), 1))})};
    }
    std::vector<int64_t> numbers;
    size_t count = 0;
    for (size_t i = 1; i < 5 && count == 0; ++i) {
      const Known* const known = ConstantIn(node, i);
      if (known != nullptr && known->numbers) count = known->numbers->size();
    }
    const std::string axes = node.has_input(3) ? Input(node, 3) : builder_.Vector(UpTo(count));
    const std::string steps =
        node.has_input(4) ? Input(node, 4) : builder_.Vector(std::vector<int64_t>(count, 1));
    return {
        builder_.Add("file.Slice", {Input(node, 0), Input(node, 1), Input(node, 2), axes, steps})};
  }
  static std::vector<int64_t> UpTo(size_t count) {
    std::vector<int64_t> numbers;
    for (size_t i = 0; i < count; ++i) numbers.push_back(static_cast<int64_t>(i));
    return numbers;
  }
  Tensors Pad(const OnnxNode& node) {
    std::vector<int64_t> pads;
    if (node.has_input(3) || !NumbersOf(node, "pads", 1, &pads)) return {};
    Tensors inputs = {Input(node, 0), builder_.Vector(pads)};
    if (node.has_input(2)) inputs.push_back(Input(node, 2));
    return {builder_.Add("file.Pad", inputs)};
  }

  Tensors Gather(const OnnxNode& node) {
    return {builder_.Add("GatherV2",
                         {Input(node, 0), Input(node, 1), builder_.Scalar(node.Int("axis", 0))})};
  }
  Tensors GatherNd(const OnnxNode& node) {
    return {builder_.Add("GatherNd", Inputs(node),
                         {{"batch_dims", IntAttr(node.Int("batch_dims", 0))}})};
  }
  Tensors Reshape(const OnnxNode& node) {
    return {builder_.Add("file.Reshape", {Input(node, 0), Input(node, 1)},
                         {{"allowzero", IntAttr(node.Int("allowzero", 0))}})};
  }
  Tensors Flatten(const OnnxNode& node) {
    return {
        builder_.Add("file.Flatten", {Input(node, 0)}, {{"axis", IntAttr(node.Int("axis", 1))}})};
  }
  Tensors Transpose(const OnnxNode& node) {
    if (!node.has("perm")) return {};
    return {builder_.Add("Transpose", {Input(node, 0), builder_.Vector(node.Ints("perm"))})};
  }
  Tensors Squeeze(const OnnxNode& node) {
    std::vector<int64_t> axes;
    if (!NumbersOf(node, "axes", 1, &axes) || axes.empty()) return {};
    return {builder_.Add("Squeeze", {Input(node, 0)}, {{"squeeze_dims", IntListAttr(axes)}})};
  }
  // Axes are those of the output.
  Tensors Unsqueeze(const OnnxNode& node) {
    std::vector<int64_t> axes;
    if (!NumbersOf(node, "axes", 1, &axes)) return {};
    std::sort(axes.begin(), axes.end());
    if (axes.empty() || (axes.size() > 1 && axes[0] < 0)) return {};
    std::string value = Input(node, 0);
    for (const int64_t axis : axes) {
      value = builder_.Add("ExpandDims", {value, builder_.Scalar(axis)});
    }
    return {value};
  }
  Tensors Expand(const OnnxNode& node) { return {builder_.Add("file.Expand", Inputs(node))}; }
  Tensors Tile(const OnnxNode& node) { return {builder_.Add("Tile", Inputs(node))}; }
  Tensors Shape(const OnnxNode& node) {
    if (node.has("start") || node.has("end")) return {};
    return {builder_.Add("Shape", {Input(node, 0)})};
  }
  Tensors Size(const OnnxNode& node) { return {builder_.Add("Size", {Input(node, 0)})}; }
  Tensors Range(const OnnxNode& node) { return {builder_.Add("Range", Inputs(node))}; }
  Tensors ConstantOfShape(const OnnxNode& node) {
    const auto value = node.attributes.find("value");
    const bool is_number = value != node.attributes.end() && value->second.tensor &&
                           value->second.tensor->numbers &&
                           value->second.tensor->numbers->size() == 1;
    return {builder_.Add(
        "Fill", {Input(node, 0), is_number ? builder_.Scalar((*value->second.tensor->numbers)[0])
                                           : builder_.Constant({})})};
  }

  static Follow FollowOf(std::string_view op);

  FileGraph& graph_;
  FileGraphBuilder builder_;
  uint64_t opset_ = 0;
  std::unordered_map<std::string, Known> tensors_;
};

OnnxGraphReader::Follow OnnxGraphReader::FollowOf(std::string_view op) {
  using Reader = OnnxGraphReader;
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

}  // namespace

Status ReadOnnxGraph(std::string_view bytes, const ModelFile& file, FileGraph* graph) {
  return OnnxGraphReader(graph).Read(bytes, file);
}

}  // namespace tensorgate
