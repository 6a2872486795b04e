#include "formats/tflite_graph.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "formats/tflite_ops.h"
#include "formats/tflite_rows.h"
#include "formats/tflite_schema.h"

namespace tensorgate {
namespace {

class TfliteGraphReader final : private TfliteRows {
 public:
  explicit TfliteGraphReader(FileGraph* graph) : TfliteRows(graph) {}

  Status Read(std::string_view bytes, uint32_t number) {
    FlatTable model, graph;
    FlatVector subgraphs, operators, inputs, outputs;
    if (!FlatTable::Root(bytes, "TFL3", &model) ||
        !model.ReadVector(tflite_schema::model::kSubgraphs, sizeof(uint32_t), &subgraphs) ||
        number >= subgraphs.size() ||
        !model.ReadVector(tflite_schema::model::kOperatorCodes, sizeof(uint32_t), &codes_) ||
        !model.ReadVector(tflite_schema::model::kBuffers, sizeof(uint32_t), &buffers_) ||
        !subgraphs.TableAt(number, &graph) ||
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
};

}  // namespace

TfliteRows::Follow TfliteRows::FollowOf(std::string_view op) {
  using Reader = TfliteRows;
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

Status ReadTfliteGraph(std::string_view bytes, const ModelFile& file, FileGraph* graph,
                       uint32_t number) {
  Status status = TfliteGraphReader(graph).Read(bytes, number);
  if (status.ok() && (graph->inputs.size() != file.inputs.size() ||
                      graph->outputs.size() != file.outputs.size())) {
    return NotFollowed("TFLite", "its inputs and outputs are not those of the file");
  }
  return status;
}

}  // namespace tensorgate
