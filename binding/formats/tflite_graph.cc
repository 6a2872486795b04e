#include "formats/tflite_graph.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>

#include "codec/limits.h"
#include "formats/flatbuffer.h"
#include "formats/tflite_model.h"
#include "formats/tflite_ops.h"
#include "formats/tflite_schema.h"
#include "graph/attr_value.h"

namespace tensorgate {
namespace {

constexpr int32_t kNoTensor = -1;

using Tensors = std::vector<std::string>;  // outputs of an op; none: nothing is known of them

class TfliteGraphReader {
 public:
  explicit TfliteGraphReader(FileGraph* graph) : graph_(*graph), builder_(graph) {}

  Status Read(std::string_view bytes) {
    FlatTable model, graph;
    FlatVector subgraphs, operators, inputs, outputs;
    if (!FlatTable::Root(bytes, "TFL3", &model) ||
        !model.ReadVector(tflite_schema::model::kSubgraphs, sizeof(uint32_t), &subgraphs) ||
        subgraphs.size() == 0 ||
        !model.ReadVector(tflite_schema::model::kOperatorCodes, sizeof(uint32_t), &codes_) ||
        !model.ReadVector(tflite_schema::model::kBuffers, sizeof(uint32_t), &buffers_) ||
        !subgraphs.TableAt(0, &graph) ||
        !graph.ReadVector(tflite_schema::subgraph::kTensors, sizeof(uint32_t), &tensors_) ||
        !graph.ReadVector(tflite_schema::subgraph::kInputs, sizeof(int32_t), &inputs) ||
        !graph.ReadVector(tflite_schema::subgraph::kOutputs, sizeof(int32_t), &outputs) ||
        !graph.ReadVector(tflite_schema::subgraph::kOperators, sizeof(uint32_t), &operators)) {
      return NotFollowed("TFLite", "it is malformed");
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      graph_.inputs.push_back("i" + std::to_string(i) + ":0");
      const int32_t input = inputs.At<int32_t>(i);
      if (ConstantAt(input) != nullptr || !Define(input, graph_.inputs.back())) {
        return NotFollowed("TFLite", "an input comes twice");
      }
    }
    for (size_t i = 0; i < operators.size(); ++i) {
      FlatTable op;
      if (!builder_.has_room() || !operators.TableAt(i, &op) || !Add(op)) {
        return NotFollowed("TFLite", "it is malformed, or too large");
      }
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      graph_.outputs.push_back(RefOf(outputs.At<int32_t>(i)));
    }
    return Status();
  }

 private:
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
  using Follow = Tensors (TfliteGraphReader::*)(const Op& op);

  bool Define(int32_t tensor, std::string ref) {
    return defined_.emplace(tensor, std::move(ref)).second;
  }

  bool Add(const FlatTable& table) {
    Op op;
    uint32_t number = 0;
    FlatTable code;
    int8_t old_code = 0;
    int32_t new_code = 0;
    std::string_view custom;
    if (!table.Read(tflite_schema::op::kOpcode, &number) || number >= codes_.size() ||
        !codes_.TableAt(number, &code) ||
        !code.Read(tflite_schema::operator_code::kOldCode, &old_code) ||
        !code.Read(tflite_schema::operator_code::kCode, &new_code) ||
        !code.ReadText(tflite_schema::operator_code::kCustomCode, &custom) ||
        !table.ReadVector(tflite_schema::op::kInputs, sizeof(int32_t), &op.inputs) ||
        !table.ReadVector(tflite_schema::op::kOutputs, sizeof(int32_t), &op.outputs) ||
        !table.ReadTable(tflite_schema::op::kOptions, &op.options) ||
        op.inputs.size() > kMaxFileTensors || op.outputs.size() > kMaxFileTensors) {
      return false;
    }
    const int32_t builtin = std::max<int32_t>(old_code, new_code);
    op.name = TfliteOpName(builtin);
    const std::string unnamed = "builtin op " + std::to_string(builtin);
    builder_.Begin(NameOf(op), !custom.empty()   ? custom
                               : op.name.empty() ? std::string_view(unnamed)
                                                 : op.name);
    const bool may_be_weights = op.name == "DEQUANTIZE" || op.name == "DENSIFY";
    if (may_be_weights && op.outputs.size() == 1 && AddShortWeights(op)) return true;
    const Follow follow = FollowOf(op.name);
    Tensors tensors;
    if (follow != nullptr && !IsByChannels(op)) tensors = (this->*follow)(op);
    if (tensors.empty()) tensors.push_back(builder_.AddUnknown());
    for (size_t i = 0; i < op.outputs.size(); ++i) {
      const int32_t output = op.outputs.At<int32_t>(i);
      std::string ref = i < tensors.size() ? tensors[i] : builder_.AddUnknown();
      if (ConstantAt(output) != nullptr || !Define(output, std::move(ref))) return false;
    }
    return true;
  }

  // Weights that are kept short: they are constants still.
  bool AddShortWeights(const Op& op) {
    const int32_t output = op.outputs.At<int32_t>(0);
    const Constant* const weights = ConstantIn(op, 0);
    if (weights == nullptr || defined_.count(output) > 0 || ConstantAt(output) != nullptr) {
      return false;
    }
    Constant constant{builder_.Constant(weights->dims), weights->dims, std::nullopt};
    return constants_.emplace(output, std::move(constant)).second;
  }

  bool TensorOf(int32_t number, FlatTable* tensor) const {
    return number >= 0 && static_cast<size_t>(number) < tensors_.size() &&
           tensors_.TableAt(static_cast<size_t>(number), tensor);
  }

  // Ops have none of their own.
  std::string_view NameOf(const Op& op) const {
    FlatTable tensor;
    std::string_view name;
    if (op.outputs.size() == 0 || !TensorOf(op.outputs.At<int32_t>(0), &tensor)) return name;
    return tensor.ReadText(tflite_schema::tensor::kName, &name) ? name : std::string_view();
  }

  // Whether something that may have rows has a scale for each of its parts, which may be the rows,
  // or is a variable.
  bool IsByChannels(const Op& op) {
    for (const FlatVector* list : {&op.inputs, &op.outputs}) {
      for (size_t i = 0; i < list->size(); ++i) {
        const int32_t number = list->At<int32_t>(i);
        FlatTable tensor, quantization;
        FlatVector scale;
        uint8_t is_variable = 0;
        if (number == kNoTensor) continue;
        if (!TensorOf(number, &tensor) ||
            !tensor.Read(tflite_schema::tensor::kIsVariable, &is_variable) ||
            !tensor.ReadTable(tflite_schema::tensor::kQuantization, &quantization) ||
            !quantization.ReadVector(tflite_schema::quantization::kScale, sizeof(float), &scale)) {
          return true;
        }
        if (is_variable != 0) return true;
        if (scale.size() > 1 && ConstantAt(number) == nullptr) return true;
      }
    }
    return false;
  }

  // Null: it is none that the file has.
  const Constant* ConstantAt(int32_t number) {
    if (defined_.count(number) > 0) return nullptr;
    const auto known = constants_.find(number);
    if (known != constants_.end()) return &known->second;
    FlatTable tensor, buffer;
    FlatVector shape, data;
    uint32_t at = 0;
    int8_t type = 0;
    uint64_t offset = 0;
    if (!builder_.has_room() || !TensorOf(number, &tensor) ||
        !tensor.Read(tflite_schema::tensor::kBuffer, &at) ||
        !tensor.Read(tflite_schema::tensor::kType, &type) ||
        !tensor.ReadVector(tflite_schema::tensor::kShape, sizeof(int32_t), &shape) ||
        shape.size() > static_cast<size_t>(kMaxRank) || at >= buffers_.size() ||
        !buffers_.TableAt(at, &buffer) ||
        !buffer.ReadVector(tflite_schema::buffer::kData, 1, &data) ||
        !buffer.Read(tflite_schema::buffer::kOffset, &offset) || (data.size() == 0 && offset < 2)) {
      return nullptr;
    }
    Constant constant;
    int64_t elements = 1;
    for (size_t i = 0; i < shape.size(); ++i) {
      const int32_t dim = shape.At<int32_t>(i);
      if (dim < 0 || __builtin_mul_overflow(elements, dim, &elements)) return nullptr;
      constant.dims.push_back(dim);
    }
    const DataType type_of = TfliteType(type);
    const bool is_wide = type_of == DataType::kInt64;
    const size_t width = is_wide ? sizeof(int64_t) : sizeof(int32_t);
    if (elements <= kMostNumbers && (type_of == DataType::kInt32 || is_wide) &&
        data.size() == static_cast<size_t>(elements) * width) {
      constant.numbers.emplace();
      for (size_t i = 0; i < static_cast<size_t>(elements); ++i) {
        constant.numbers->push_back(is_wide ? data.At<int64_t>(i) : data.At<int32_t>(i));
      }
    }
    constant.ref = constant.numbers ? builder_.Numbers(constant.dims, *constant.numbers)
                                    : builder_.Constant(constant.dims);
    return &constants_.emplace(number, std::move(constant)).first->second;
  }

  std::string RefOf(int32_t number) {
    const auto found = defined_.find(number);
    if (found != defined_.end()) return found->second;
    const Constant* const constant = ConstantAt(number);
    return constant == nullptr ? builder_.AddUnknown() : constant->ref;
  }

  std::string Input(const Op& op, size_t i) {
    return i < op.inputs.size() ? RefOf(op.inputs.At<int32_t>(i)) : builder_.AddUnknown();
  }
  const Constant* ConstantIn(const Op& op, size_t i) {
    return i < op.inputs.size() ? ConstantAt(op.inputs.At<int32_t>(i)) : nullptr;
  }
  Tensors Inputs(const Op& op, size_t first = 0) {
    Tensors inputs;
    for (size_t i = first; i < op.inputs.size(); ++i) {
      if (op.inputs.At<int32_t>(i) != kNoTensor) inputs.push_back(Input(op, i));
    }
    return inputs;
  }
  Tensors Outputs(const std::string& node, const Op& op) const {
    Tensors outputs;
    for (size_t i = 0; i < op.outputs.size(); ++i) {
      outputs.push_back(FileGraphBuilder::Output(node, i));
    }
    return outputs;
  }

  // As TensorFlow's op of these inputs.
  Tensors As(std::string_view name, const Op& op, const FileGraphBuilder::Attrs& attrs = {}) {
    return Outputs(builder_.Add(name, Inputs(op), attrs), op);
  }

  Tensors Unary(const Op& op) { return {builder_.Add("Relu", {Input(op, 0)})}; }
  // Whatever it computes, of inputs that broadcast.
  Tensors Elementwise(const Op& op) { return As("Atan2", op); }
  // With numbers that shapes are made of.
  Tensors Arithmetic(const Op& op) {
    return As(op.name == "ADD"   ? "AddV2"
              : op.name == "SUB" ? "Sub"
              : op.name == "MUL" ? "Mul"
                                 : "Div",
              op);
  }
  Tensors Select(const Op& op) { return As(op.name == "SELECT" ? "Select" : "SelectV2", op); }
  Tensors Cast(const Op& op) {
    FlatTable tensor;
    int8_t type = 0;
    if (op.outputs.size() != 1 || !TensorOf(op.outputs.At<int32_t>(0), &tensor) ||
        !tensor.Read(tflite_schema::tensor::kType, &type)) {
      return {};
    }
    return As("Cast", op, {{"DstT", TypeAttr(TfliteType(type))}});
  }
  // The innermost dimension as a whole.
  Tensors Innermost(const Op& op) { return {builder_.Add("Softmax", {Input(op, 0)})}; }

  FileGraphBuilder::Attrs Windows(const Op& op) {
    return {{"padding", StringAttr(op.Read<int8_t>(0, 0) == 0 ? "SAME" : "VALID")},
            {"strides", IntListAttr({1, op.Int(2), op.Int(1), 1})}};
  }
  // Weights are [out, height, width, in], or [1, height, width, out] by depth.
  Tensors Convolution(const Op& op) {
    const bool is_by_depth = op.name == "DEPTHWISE_CONV_2D";
    const Constant* const weights = ConstantIn(op, 1);
    const size_t dilation = is_by_depth ? 5 : 4;
    FileGraphBuilder::Attrs attrs = Windows(op);
    attrs.emplace_back("dilations", IntListAttr({1, op.Read<int32_t>(dilation + 1, 1),
                                                 op.Read<int32_t>(dilation, 1), 1}));
    std::string filter = builder_.Add("file.Fixed", {});
    if (weights != nullptr && weights->dims.size() == 4) {
      const std::vector<int64_t>& dims = weights->dims;
      filter =
          builder_.Constant(is_by_depth ? std::vector<int64_t>{dims[1], dims[2], dims[3], 1}
                                        : std::vector<int64_t>{dims[1], dims[2], dims[3], dims[0]});
    }
    Tensors inputs = {Input(op, 0), filter};
    for (std::string& each : Inputs(op, 1)) inputs.push_back(std::move(each));
    return {builder_.Add(is_by_depth ? "DepthwiseConv2dNative" : "Conv2D", inputs, attrs)};
  }
  Tensors Pool(const Op& op) {
    FileGraphBuilder::Attrs attrs = Windows(op);
    attrs.emplace_back("ksize", IntListAttr({1, op.Int(4), op.Int(3), 1}));
    return {builder_.Add(op.name == "MAX_POOL_2D" ? "MaxPool" : "AvgPool", {Input(op, 0)}, attrs)};
  }
  // output_shape, weights, input, bias
  Tensors TransposedConvolution(const Op& op) {
    if (op.inputs.size() < 3 || ConstantIn(op, 1) == nullptr ||
        (op.inputs.size() > 3 && op.inputs.At<int32_t>(3) != kNoTensor &&
         ConstantIn(op, 3) == nullptr)) {
      return {};
    }
    return {builder_.Add("Conv2DBackpropInput", {Input(op, 0), Input(op, 1), Input(op, 2)},
                         {{"strides", IntListAttr({1, op.Int(2), op.Int(1), 1})}})};
  }
  Tensors Resize(const Op& op) { return {builder_.Add("ResizeBilinear", Inputs(op))}; }
  Tensors Blocks(const Op& op) { return {builder_.Add("DepthToSpace", Inputs(op))}; }

  // The input as a matrix, unless its dimensions are kept; weights are [out, in].
  Tensors FullyConnected(const Op& op) {
    constexpr size_t kWeightsFormat = 1, kKeepsDims = 2;
    const Constant* const weights = ConstantIn(op, 1);
    const bool is_shuffled = op.Read<int8_t>(kWeightsFormat, 0) != 0;
    if (weights == nullptr || weights->dims.size() != 2 || is_shuffled || op.outputs.size() != 1) {
      return {};
    }
    std::string value = Input(op, 0);
    if (!op.Bool(kKeepsDims)) {
      value = builder_.Add("Reshape", {value, builder_.Vector({-1, weights->dims[1]})});
    }
    std::string product =
        builder_.Add("BatchMatMulV2", {value, weights->ref}, {{"adj_y", BoolAttr(true)}});
    if (op.inputs.size() < 3 || op.inputs.At<int32_t>(2) == kNoTensor) return {product};
    return {builder_.Add("AddV2", {product, Input(op, 2)})};
  }
  Tensors MatMul(const Op& op) {
    return As("BatchMatMulV2", op,
              {{"adj_x", BoolAttr(op.Bool(0))}, {"adj_y", BoolAttr(op.Bool(1))}});
  }

  Tensors Reduce(const Op& op) {
    const std::string_view name = op.name == "SUM"           ? "Sum"
                                  : op.name == "REDUCE_PROD" ? "Prod"
                                                             : "Mean";
    return As(name, op, {{"keep_dims", BoolAttr(op.Bool(0))}});
  }
  Tensors Best(const Op& op) { return As("ArgMax", op); }
  Tensors Top(const Op& op) { return As("TopKV2", op); }
  Tensors OneHot(const Op& op) { return As("OneHot", op, {{"axis", IntAttr(op.Int(0))}}); }
  Tensors Cumulative(const Op& op) { return As("Cumsum", op); }

  Tensors Reshape(const Op& op) {
    std::vector<int64_t> wanted;
    const Constant* const shape = ConstantIn(op, 1);
    if (shape != nullptr && shape->numbers) {
      wanted = *shape->numbers;
    } else if (op.inputs.size() > 1 && op.inputs.At<int32_t>(1) != kNoTensor) {
      return As("Reshape", op);
    } else {
      FlatVector sizes;
      if (!op.options.ReadVector(0, sizeof(int32_t), &sizes) || sizes.size() > kMostDims) return {};
      for (size_t i = 0; i < sizes.size(); ++i) wanted.push_back(sizes.At<int32_t>(i));
    }
    // Engines differ in what 0 stands for.
    if (std::find(wanted.begin(), wanted.end(), 0) != wanted.end()) return {};
    return {builder_.Add("Reshape", {Input(op, 0), builder_.Vector(wanted)})};
  }
  Tensors Squeeze(const Op& op) {
    FlatVector dims;
    std::vector<int64_t> axes;
    if (!op.options.ReadVector(0, sizeof(int32_t), &dims) || dims.size() > kMostDims) return {};
    for (size_t i = 0; i < dims.size(); ++i) axes.push_back(dims.At<int32_t>(i));
    return As("Squeeze", op, {{"squeeze_dims", IntListAttr(axes)}});
  }
  Tensors Concat(const Op& op) {
    Tensors inputs = Inputs(op);
    inputs.push_back(builder_.Scalar(op.Int(0)));
    return {builder_.Add("ConcatV2", inputs)};
  }
  Tensors Pack(const Op& op) { return As("Pack", op, {{"axis", IntAttr(op.Int(1))}}); }
  Tensors Unpack(const Op& op) { return As("Unpack", op, {{"axis", IntAttr(op.Int(1))}}); }
  Tensors Split(const Op& op) {
    return As("Split", op, {{"num_split", IntAttr(static_cast<int64_t>(op.outputs.size()))}});
  }
  Tensors SplitV(const Op& op) {
    return As("SplitV", op, {{"num_split", IntAttr(static_cast<int64_t>(op.outputs.size()))}});
  }
  Tensors StridedSlice(const Op& op) {
    if (op.Bool(5)) return {};  // ends that are counted from the beginnings
    return As("StridedSlice", op,
              {{"begin_mask", IntAttr(op.Int(0))},
               {"end_mask", IntAttr(op.Int(1))},
               {"ellipsis_mask", IntAttr(op.Int(2))},
               {"new_axis_mask", IntAttr(op.Int(3))},
               {"shrink_axis_mask", IntAttr(op.Int(4))}});
  }
  Tensors Slice(const Op& op) { return As("Slice", op); }
  Tensors Gather(const Op& op) {
    return {builder_.Add("GatherV2", {Input(op, 0), Input(op, 1), builder_.Scalar(op.Int(0))},
                         {{"batch_dims", IntAttr(op.Int(1))}})};
  }
  Tensors GatherNd(const Op& op) { return As("GatherNd", op); }
  // ids, and a table with what each stands for
  Tensors Embedding(const Op& op) {
    return {builder_.Add("GatherV2", {Input(op, 1), Input(op, 0), builder_.Scalar(0)})};
  }
  Tensors Transpose(const Op& op) { return As("Transpose", op); }
  Tensors ExpandDims(const Op& op) { return As("ExpandDims", op); }
  Tensors Tile(const Op& op) { return As("Tile", op); }
  Tensors BroadcastTo(const Op& op) { return As("BroadcastTo", op); }
  Tensors Fill(const Op& op) { return As("Fill", op); }
  Tensors Pad(const Op& op) { return As("Pad", op); }
  Tensors Reverse(const Op& op) { return As("ReverseV2", op); }
  Tensors Shape(const Op& op) { return As("Shape", op); }
  Tensors Rank(const Op& op) { return As("Rank", op); }
  Tensors Range(const Op& op) { return As("Range", op); }

  static constexpr size_t kMostDims = 64;
  static Follow FollowOf(std::string_view op);

  FileGraph& graph_;
  FileGraphBuilder builder_;
  FlatVector codes_, buffers_, tensors_;
  std::unordered_map<int32_t, std::string> defined_;  // inputs, and outputs of ops so far
  std::unordered_map<int32_t, Constant> constants_;
};

TfliteGraphReader::Follow TfliteGraphReader::FollowOf(std::string_view op) {
  using Reader = TfliteGraphReader;
  static const std::unordered_map<std::string_view, Follow> follows = [] {
    std::unordered_map<std::string_view, Follow> all = {
        {"ADD", &Reader::Arithmetic},
        {"ARG_MAX", &Reader::Best},
        {"ARG_MIN", &Reader::Best},
        {"AVERAGE_POOL_2D", &Reader::Pool},
        {"BATCH_MATMUL", &Reader::MatMul},
        {"BROADCAST_TO", &Reader::BroadcastTo},
        {"CAST", &Reader::Cast},
        {"CONCATENATION", &Reader::Concat},
        {"CONV_2D", &Reader::Convolution},
        {"CUMSUM", &Reader::Cumulative},
        {"DEPTHWISE_CONV_2D", &Reader::Convolution},
        {"DEPTH_TO_SPACE", &Reader::Blocks},
        {"DIV", &Reader::Arithmetic},
        {"EMBEDDING_LOOKUP", &Reader::Embedding},
        {"EXPAND_DIMS", &Reader::ExpandDims},
        {"FILL", &Reader::Fill},
        {"FULLY_CONNECTED", &Reader::FullyConnected},
        {"GATHER", &Reader::Gather},
        {"GATHER_ND", &Reader::GatherNd},
        {"L2_NORMALIZATION", &Reader::Innermost},
        {"LOCAL_RESPONSE_NORMALIZATION", &Reader::Innermost},
        {"LOG_SOFTMAX", &Reader::Innermost},
        {"MAX_POOL_2D", &Reader::Pool},
        {"MIRROR_PAD", &Reader::Pad},
        {"MUL", &Reader::Arithmetic},
        {"ONE_HOT", &Reader::OneHot},
        {"PACK", &Reader::Pack},
        {"PAD", &Reader::Pad},
        {"PADV2", &Reader::Pad},
        {"RANGE", &Reader::Range},
        {"RANK", &Reader::Rank},
        {"RESHAPE", &Reader::Reshape},
        {"RESIZE_BILINEAR", &Reader::Resize},
        {"RESIZE_NEAREST_NEIGHBOR", &Reader::Resize},
        {"REVERSE_V2", &Reader::Reverse},
        {"SELECT", &Reader::Select},
        {"SELECT_V2", &Reader::Select},
        {"SHAPE", &Reader::Shape},
        {"SLICE", &Reader::Slice},
        {"SOFTMAX", &Reader::Innermost},
        {"SPACE_TO_DEPTH", &Reader::Blocks},
        {"SPLIT", &Reader::Split},
        {"SPLIT_V", &Reader::SplitV},
        {"SQUEEZE", &Reader::Squeeze},
        {"STRIDED_SLICE", &Reader::StridedSlice},
        {"SUB", &Reader::Arithmetic},
        {"TILE", &Reader::Tile},
        {"TOPK_V2", &Reader::Top},
        {"TRANSPOSE", &Reader::Transpose},
        {"TRANSPOSE_CONV", &Reader::TransposedConvolution},
        {"UNPACK", &Reader::Unpack},
    };
    for (std::string_view op :
         {"MEAN", "REDUCE_ALL", "REDUCE_ANY", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "SUM"}) {
      all.emplace(op, &Reader::Reduce);
    }
    for (std::string_view op :
         {"ABS",         "CEIL",         "COS",   "DEQUANTIZE", "ELU",        "EXP",
          "FAKE_QUANT",  "FLOOR",        "GELU",  "HARD_SWISH", "LEAKY_RELU", "LOG",
          "LOGICAL_NOT", "LOGISTIC",     "NEG",   "QUANTIZE",   "RELU",       "RELU6",
          "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "RSQRT",      "SIGN",       "SIN",
          "SQRT",        "SQUARE",       "TANH",  "ZEROS_LIKE"}) {
      all.emplace(op, &Reader::Unary);
    }
    for (std::string_view op :
         {"ADD_N", "ATAN2", "EQUAL", "FLOOR_DIV", "FLOOR_MOD", "GREATER", "GREATER_EQUAL", "LESS",
          "LESS_EQUAL", "LOGICAL_AND", "LOGICAL_OR", "MAXIMUM", "MINIMUM", "NOT_EQUAL", "POW",
          "PRELU", "SQUARED_DIFFERENCE"}) {
      all.emplace(op, &Reader::Elementwise);
    }
    return all;
  }();
  const auto found = follows.find(op);
  return found == follows.end() ? nullptr : found->second;
}

}  // namespace

Status ReadTfliteGraph(std::string_view bytes, const ModelFile& file, FileGraph* graph) {
  Status status = TfliteGraphReader(graph).Read(bytes);
  if (status.ok() && (graph->inputs.size() != file.inputs.size() ||
                      graph->outputs.size() != file.outputs.size())) {
    return NotFollowed("TFLite", "its inputs and outputs are not those of the file");
  }
  return status;
}

}  // namespace tensorgate
