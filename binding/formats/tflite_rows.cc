#include "formats/tflite_rows.h"

#include <algorithm>

#include "codec/limits.h"
#include "formats/tflite_model.h"
#include "formats/tflite_schema.h"
#include "graph/attr_value.h"

namespace tensorgate {

bool TfliteRows::Define(int32_t tensor, std::string ref) {
  return defined_.emplace(tensor, std::move(ref)).second;
}

bool TfliteRows::TensorOf(int32_t number, FlatTable* tensor) const {
  return number >= 0 && static_cast<size_t>(number) < tensors_.size() &&
         tensors_.TableAt(static_cast<size_t>(number), tensor);
}

// Null: it is none that the file has.
const TfliteRows::Constant* TfliteRows::ConstantAt(int32_t number) {
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

std::string TfliteRows::RefOf(int32_t number) {
  const auto found = defined_.find(number);
  if (found != defined_.end()) return found->second;
  const Constant* const constant = ConstantAt(number);
  return constant == nullptr ? builder_.AddUnknown() : constant->ref;
}

std::string TfliteRows::Input(const Op& op, size_t i) {
  return i < op.inputs.size() ? RefOf(op.inputs.At<int32_t>(i)) : builder_.AddUnknown();
}

const TfliteRows::Constant* TfliteRows::ConstantIn(const Op& op, size_t i) {
  return i < op.inputs.size() ? ConstantAt(op.inputs.At<int32_t>(i)) : nullptr;
}

TfliteRows::Tensors TfliteRows::Inputs(const Op& op, size_t first) {
  Tensors inputs;
  for (size_t i = first; i < op.inputs.size(); ++i) {
    if (op.inputs.At<int32_t>(i) != kNoTensor) inputs.push_back(Input(op, i));
  }
  return inputs;
}

TfliteRows::Tensors TfliteRows::Outputs(const std::string& node, const Op& op) const {
  Tensors outputs;
  for (size_t i = 0; i < op.outputs.size(); ++i) {
    outputs.push_back(FileGraphBuilder::Output(node, i));
  }
  return outputs;
}

// As TensorFlow's op of these inputs.
TfliteRows::Tensors TfliteRows::As(std::string_view name, const Op& op,
                                   const FileGraphBuilder::Attrs& attrs) {
  return Outputs(builder_.Add(name, Inputs(op), attrs), op);
}

TfliteRows::Tensors TfliteRows::Unary(const Op& op) {
  return {builder_.Add("Relu", {Input(op, 0)})};
}

// Whatever it computes, of inputs that broadcast.
TfliteRows::Tensors TfliteRows::Elementwise(const Op& op) { return As("Atan2", op); }

// With numbers that shapes are made of.
TfliteRows::Tensors TfliteRows::Arithmetic(const Op& op) {
  return As(op.name == "ADD"   ? "AddV2"
            : op.name == "SUB" ? "Sub"
            : op.name == "MUL" ? "Mul"
                               : "Div",
            op);
}

TfliteRows::Tensors TfliteRows::Select(const Op& op) {
  return As(op.name == "SELECT" ? "Select" : "SelectV2", op);
}

TfliteRows::Tensors TfliteRows::Cast(const Op& op) {
  FlatTable tensor;
  int8_t type = 0;
  if (op.outputs.size() != 1 || !TensorOf(op.outputs.At<int32_t>(0), &tensor) ||
      !tensor.Read(tflite_schema::tensor::kType, &type)) {
    return {};
  }
  return As("Cast", op, {{"DstT", TypeAttr(TfliteType(type))}});
}

// The innermost dimension as a whole.
TfliteRows::Tensors TfliteRows::Innermost(const Op& op) {
  return {builder_.Add("Softmax", {Input(op, 0)})};
}

FileGraphBuilder::Attrs TfliteRows::Windows(const Op& op) {
  return {{"padding", StringAttr(op.Read<int8_t>(0, 0) == 0 ? "SAME" : "VALID")},
          {"strides", IntListAttr({1, op.Int(2), op.Int(1), 1})}};
}

// Weights are [out, height, width, in], or [1, height, width, out] by depth.
TfliteRows::Tensors TfliteRows::Convolution(const Op& op) {
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

TfliteRows::Tensors TfliteRows::Pool(const Op& op) {
  FileGraphBuilder::Attrs attrs = Windows(op);
  attrs.emplace_back("ksize", IntListAttr({1, op.Int(4), op.Int(3), 1}));
  return {builder_.Add(op.name == "MAX_POOL_2D" ? "MaxPool" : "AvgPool", {Input(op, 0)}, attrs)};
}

// output_shape, weights, input, bias
TfliteRows::Tensors TfliteRows::TransposedConvolution(const Op& op) {
  if (op.inputs.size() < 3 || ConstantIn(op, 1) == nullptr ||
      (op.inputs.size() > 3 && op.inputs.At<int32_t>(3) != kNoTensor &&
       ConstantIn(op, 3) == nullptr)) {
    return {};
  }
  return {builder_.Add("Conv2DBackpropInput", {Input(op, 0), Input(op, 1), Input(op, 2)},
                       {{"strides", IntListAttr({1, op.Int(2), op.Int(1), 1})}})};
}

TfliteRows::Tensors TfliteRows::Resize(const Op& op) {
  return {builder_.Add("ResizeBilinear", Inputs(op))};
}

TfliteRows::Tensors TfliteRows::Blocks(const Op& op) {
  return {builder_.Add("DepthToSpace", Inputs(op))};
}

// The input as a matrix, unless its dimensions are kept; weights are [out, in].
TfliteRows::Tensors TfliteRows::FullyConnected(const Op& op) {
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

TfliteRows::Tensors TfliteRows::MatMul(const Op& op) {
  return As("BatchMatMulV2", op,
            {{"adj_x", BoolAttr(op.Bool(0))}, {"adj_y", BoolAttr(op.Bool(1))}});
}

TfliteRows::Tensors TfliteRows::Reduce(const Op& op) {
  const std::string_view name = op.name == "SUM"           ? "Sum"
                                : op.name == "REDUCE_PROD" ? "Prod"
                                                           : "Mean";
  return As(name, op, {{"keep_dims", BoolAttr(op.Bool(0))}});
}

TfliteRows::Tensors TfliteRows::Best(const Op& op) { return As("ArgMax", op); }

TfliteRows::Tensors TfliteRows::Top(const Op& op) { return As("TopKV2", op); }

TfliteRows::Tensors TfliteRows::OneHot(const Op& op) {
  return As("OneHot", op, {{"axis", IntAttr(op.Int(0))}});
}

TfliteRows::Tensors TfliteRows::Cumulative(const Op& op) { return As("Cumsum", op); }

TfliteRows::Tensors TfliteRows::Reshape(const Op& op) {
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

TfliteRows::Tensors TfliteRows::Squeeze(const Op& op) {
  FlatVector dims;
  std::vector<int64_t> axes;
  if (!op.options.ReadVector(0, sizeof(int32_t), &dims) || dims.size() > kMostDims) return {};
  for (size_t i = 0; i < dims.size(); ++i) axes.push_back(dims.At<int32_t>(i));
  return As("Squeeze", op, {{"squeeze_dims", IntListAttr(axes)}});
}

TfliteRows::Tensors TfliteRows::Concat(const Op& op) {
  Tensors inputs = Inputs(op);
  inputs.push_back(builder_.Scalar(op.Int(0)));
  return {builder_.Add("ConcatV2", inputs)};
}

TfliteRows::Tensors TfliteRows::Pack(const Op& op) {
  return As("Pack", op, {{"axis", IntAttr(op.Int(1))}});
}

TfliteRows::Tensors TfliteRows::Unpack(const Op& op) {
  return As("Unpack", op, {{"axis", IntAttr(op.Int(1))}});
}

TfliteRows::Tensors TfliteRows::Split(const Op& op) {
  return As("Split", op, {{"num_split", IntAttr(static_cast<int64_t>(op.outputs.size()))}});
}

TfliteRows::Tensors TfliteRows::SplitV(const Op& op) {
  return As("SplitV", op, {{"num_split", IntAttr(static_cast<int64_t>(op.outputs.size()))}});
}

TfliteRows::Tensors TfliteRows::StridedSlice(const Op& op) {
  if (op.Bool(5)) return {};  // ends that are counted from the beginnings
  return As("StridedSlice", op,
            {{"begin_mask", IntAttr(op.Int(0))},
             {"end_mask", IntAttr(op.Int(1))},
             {"ellipsis_mask", IntAttr(op.Int(2))},
             {"new_axis_mask", IntAttr(op.Int(3))},
             {"shrink_axis_mask", IntAttr(op.Int(4))}});
}

TfliteRows::Tensors TfliteRows::Slice(const Op& op) { return As("Slice", op); }

TfliteRows::Tensors TfliteRows::Gather(const Op& op) {
  return {builder_.Add("GatherV2", {Input(op, 0), Input(op, 1), builder_.Scalar(op.Int(0))},
                       {{"batch_dims", IntAttr(op.Int(1))}})};
}

TfliteRows::Tensors TfliteRows::GatherNd(const Op& op) { return As("GatherNd", op); }

// ids, and a table with what each stands for
TfliteRows::Tensors TfliteRows::Embedding(const Op& op) {
  return {builder_.Add("GatherV2", {Input(op, 1), Input(op, 0), builder_.Scalar(0)})};
}

TfliteRows::Tensors TfliteRows::Transpose(const Op& op) { return As("Transpose", op); }

TfliteRows::Tensors TfliteRows::ExpandDims(const Op& op) { return As("ExpandDims", op); }

TfliteRows::Tensors TfliteRows::Tile(const Op& op) { return As("Tile", op); }

TfliteRows::Tensors TfliteRows::BroadcastTo(const Op& op) { return As("BroadcastTo", op); }

TfliteRows::Tensors TfliteRows::Fill(const Op& op) { return As("Fill", op); }

TfliteRows::Tensors TfliteRows::Pad(const Op& op) { return As("Pad", op); }

TfliteRows::Tensors TfliteRows::Reverse(const Op& op) { return As("ReverseV2", op); }

TfliteRows::Tensors TfliteRows::Shape(const Op& op) { return As("Shape", op); }

TfliteRows::Tensors TfliteRows::Rank(const Op& op) { return As("Rank", op); }

TfliteRows::Tensors TfliteRows::Range(const Op& op) { return As("Range", op); }

}  // namespace tensorgate
