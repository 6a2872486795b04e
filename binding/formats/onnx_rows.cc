#include "formats/onnx_rows.h"

#include <algorithm>

#include "formats/onnx_model.h"
#include "graph/attr_value.h"

namespace tensorgate {

OnnxRows::Known OnnxRows::Constant(const OnnxTensor& tensor) {
  Known known;
  known.is_constant = true;
  known.dims = tensor.dims;
  known.numbers = tensor.numbers;
  known.ref = tensor.numbers ? builder_.Numbers(tensor.dims, *tensor.numbers)
                             : builder_.Constant(tensor.dims);
  return known;
}

bool OnnxRows::Define(std::string_view name, Known known) {
  return tensors_.emplace(std::string(name), std::move(known)).second;
}

std::string OnnxRows::RefOf(std::string_view name) {
  const auto found = tensors_.find(std::string(name));
  return found == tensors_.end() ? builder_.AddUnknown() : found->second.ref;
}

bool OnnxRows::IsOnnx(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

// Inputs from the first on, without those that are left out.
OnnxRows::Tensors OnnxRows::Inputs(const OnnxNode& node, size_t first) {
  Tensors inputs;
  for (size_t i = first; i < node.inputs.size(); ++i) {
    if (node.has_input(i)) inputs.push_back(RefOf(node.inputs[i]));
  }
  return inputs;
}

std::string OnnxRows::Input(const OnnxNode& node, size_t i) {
  return node.has_input(i) ? RefOf(node.inputs[i]) : builder_.AddUnknown();
}

// Null: it is none that the file has.
const OnnxRows::Known* OnnxRows::ConstantIn(const OnnxNode& node, size_t i) const {
  if (!node.has_input(i)) return nullptr;
  const auto found = tensors_.find(std::string(node.inputs[i]));
  return found == tensors_.end() || !found->second.is_constant ? nullptr : &found->second;
}

// Numbers of an attribute, or, of later opsets, of an input. False: they are not known.
bool OnnxRows::NumbersOf(const OnnxNode& node, std::string_view attribute, size_t input,
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

OnnxRows::Tensors OnnxRows::Unary(const OnnxNode& node) {
  return {builder_.Add("Relu", Inputs(node))};
}

// Whatever it computes, of inputs that broadcast.
OnnxRows::Tensors OnnxRows::Elementwise(const OnnxNode& node) {
  return {builder_.Add("Atan2", Inputs(node))};
}

// With numbers that shapes are made of.
OnnxRows::Tensors OnnxRows::Arithmetic(const OnnxNode& node) {
  const std::string_view op = node.op == "Add"   ? "AddV2"
                              : node.op == "Sub" ? "Sub"
                              : node.op == "Mul" ? "Mul"
                                                 : "Div";
  return {builder_.Add(op, Inputs(node))};
}

OnnxRows::Tensors OnnxRows::Select(const OnnxNode& node) {
  return {builder_.Add("SelectV2", Inputs(node))};
}

OnnxRows::Tensors OnnxRows::Same(const OnnxNode& node) {
  return {builder_.Add("Identity", {Input(node, 0)})};
}

OnnxRows::Tensors OnnxRows::Cast(const OnnxNode& node) {
  const DataType type = OnnxType(static_cast<uint64_t>(node.Int("to", 0)));
  return {builder_.Add("Cast", {Input(node, 0)}, {{"DstT", TypeAttr(type)}})};
}

// It does nothing once the model is trained.
OnnxRows::Tensors OnnxRows::Dropout(const OnnxNode& node) {
  if (node.has_input(2) || node.outputs.size() > 1) return {};
  return Same(node);
}

// By one scale for all, or of a constant.
OnnxRows::Tensors OnnxRows::Quantize(const OnnxNode& node) {
  const Known* const value = ConstantIn(node, 0);
  const Known* const scale = ConstantIn(node, 1);
  const bool has_zero = node.has_input(2);
  if (scale == nullptr || (has_zero && ConstantIn(node, 2) == nullptr)) return {};
  if (value != nullptr) return {builder_.Constant(value->dims)};
  const bool is_one = scale->dims.empty() || (scale->dims.size() == 1 && scale->dims[0] == 1);
  return is_one ? Tensors{builder_.Add("Relu", {Input(node, 0)})} : Tensors();
}

OnnxRows::Tensors OnnxRows::MatMul(const OnnxNode& node) {
  return {builder_.Add("BatchMatMulV2", Inputs(node))};
}

OnnxRows::Tensors OnnxRows::Gemm(const OnnxNode& node) {
  std::string product = builder_.Add("MatMul", {Input(node, 0), Input(node, 1)},
                                     {{"transpose_a", BoolAttr(node.Int("transA", 0) != 0)},
                                      {"transpose_b", BoolAttr(node.Int("transB", 0) != 0)}});
  if (!node.has_input(2)) return {product};
  return {builder_.Add("AddV2", {product, Input(node, 2)})};
}

OnnxRows::Tensors OnnxRows::Einsum(const OnnxNode& node) {
  return {builder_.Add("Einsum", Inputs(node), {{"equation", StringAttr(node.Text("equation"))}})};
}

// Windows over images whose dimensions are [N, C, …].
FileGraphBuilder::Attrs OnnxRows::Windows(const OnnxNode& node, size_t spatial) {
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
OnnxRows::Tensors OnnxRows::Convolution(const OnnxNode& node) {
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

OnnxRows::Tensors OnnxRows::Pool(const OnnxNode& node) {
  if (node.outputs.size() > 1) return {};  // places within the batch
  std::vector<int64_t> kernel = node.Ints("kernel_shape");
  FileGraphBuilder::Attrs attrs = Windows(node, kernel.size());
  kernel.insert(kernel.begin(), 2, 1);
  attrs.emplace_back("ksize", IntListAttr(kernel));
  return {builder_.Add(node.op == "MaxPool" ? "MaxPool" : "AvgPool", {Input(node, 0)}, attrs)};
}

OnnxRows::Tensors OnnxRows::GlobalPool(const OnnxNode& node) {
  return {builder_.Add("file.GlobalPool", {Input(node, 0)})};
}

// Of each image by itself.
OnnxRows::Tensors OnnxRows::EachImage(const OnnxNode& node) {
  return node.outputs.size() == 1 ? Tensors{builder_.Add("LRN", Inputs(node))} : Tensors();
}

OnnxRows::Tensors OnnxRows::BatchNormalization(const OnnxNode& node) {
  const bool trains = node.Int("training_mode", 0) != 0 || node.outputs.size() > 1;
  return trains ? Tensors() : EachImage(node);
}

OnnxRows::Tensors OnnxRows::Blocks(const OnnxNode& node) {
  return {builder_.Add("DepthToSpace", Inputs(node))};
}

OnnxRows::Tensors OnnxRows::LayerNormalization(const OnnxNode& node) {
  if (node.outputs.size() > 1) return {};
  return {builder_.Add("file.From", Inputs(node), {{"axis", IntAttr(node.Int("axis", -1))}})};
}

// Before opset 13 all dimensions from the axis on are one.
OnnxRows::Tensors OnnxRows::Softmax(const OnnxNode& node) {
  const bool is_old = opset_ < 13;
  const int64_t axis = node.Int("axis", is_old ? 1 : -1);
  if (is_old) {
    return {builder_.Add("file.From", {Input(node, 0)}, {{"axis", IntAttr(axis)}})};
  }
  return {builder_.Add("Cumsum", {Input(node, 0), builder_.Scalar(axis)})};
}

OnnxRows::Tensors OnnxRows::Cumulative(const OnnxNode& node) {
  return {builder_.Add("Cumsum", Inputs(node))};
}

OnnxRows::Tensors OnnxRows::Reduce(const OnnxNode& node) {
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

OnnxRows::Tensors OnnxRows::Best(const OnnxNode& node) {
  const std::string axis = builder_.Scalar(node.Int("axis", 0));
  std::string best = builder_.Add("ArgMax", {Input(node, 0), axis});
  if (node.Int("keepdims", 1) == 0) return {best};
  return {builder_.Add("ExpandDims", {best, axis})};
}

OnnxRows::Tensors OnnxRows::Top(const OnnxNode& node) {
  if (node.Int("axis", -1) != -1) return {};
  const std::string top = builder_.Add("TopKV2", {Input(node, 0), Input(node, 1)});
  return {top, FileGraphBuilder::Output(top, 1)};
}

OnnxRows::Tensors OnnxRows::OneHot(const OnnxNode& node) {
  const std::string values = Input(node, 2);
  return {builder_.Add("OneHot", {Input(node, 0), Input(node, 1), values, values},
                       {{"axis", IntAttr(node.Int("axis", -1))}})};
}

OnnxRows::Tensors OnnxRows::Triangle(const OnnxNode& node) {
  return {builder_.Add("MatrixBandPart", Inputs(node))};
}

OnnxRows::Tensors OnnxRows::Concat(const OnnxNode& node) {
  Tensors inputs = Inputs(node);
  inputs.push_back(builder_.Scalar(node.Int("axis", 1)));
  return {builder_.Add("ConcatV2", inputs)};
}

OnnxRows::Tensors OnnxRows::Split(const OnnxNode& node) {
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

OnnxRows::Tensors OnnxRows::Slice(const OnnxNode& node) {
  if (node.has("starts")) {  // before opset 10
    std::vector<int64_t> starts = node.Ints("starts"), axes = node.Ints("axes");
    if (axes.empty()) axes = UpTo(starts.size());
    return {builder_.Add("file.Slice", {Input(node, 0), builder_.Vector(starts),
                                        builder_.Vector(node.Ints("ends")), builder_.Vector(axes),
                                        builder_.Vector(std::vector<int64_t>(starts.size(), 1))})};
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

std::vector<int64_t> OnnxRows::UpTo(size_t count) {
  std::vector<int64_t> numbers;
  for (size_t i = 0; i < count; ++i) numbers.push_back(static_cast<int64_t>(i));
  return numbers;
}

OnnxRows::Tensors OnnxRows::Pad(const OnnxNode& node) {
  std::vector<int64_t> pads;
  if (node.has_input(3) || !NumbersOf(node, "pads", 1, &pads)) return {};
  Tensors inputs = {Input(node, 0), builder_.Vector(pads)};
  if (node.has_input(2)) inputs.push_back(Input(node, 2));
  return {builder_.Add("file.Pad", inputs)};
}

OnnxRows::Tensors OnnxRows::Gather(const OnnxNode& node) {
  return {builder_.Add("GatherV2",
                       {Input(node, 0), Input(node, 1), builder_.Scalar(node.Int("axis", 0))})};
}

OnnxRows::Tensors OnnxRows::GatherNd(const OnnxNode& node) {
  return {
      builder_.Add("GatherNd", Inputs(node), {{"batch_dims", IntAttr(node.Int("batch_dims", 0))}})};
}

OnnxRows::Tensors OnnxRows::Reshape(const OnnxNode& node) {
  return {builder_.Add("file.Reshape", {Input(node, 0), Input(node, 1)},
                       {{"allowzero", IntAttr(node.Int("allowzero", 0))}})};
}

OnnxRows::Tensors OnnxRows::Flatten(const OnnxNode& node) {
  return {builder_.Add("file.Flatten", {Input(node, 0)}, {{"axis", IntAttr(node.Int("axis", 1))}})};
}

OnnxRows::Tensors OnnxRows::Transpose(const OnnxNode& node) {
  if (!node.has("perm")) return {};
  return {builder_.Add("Transpose", {Input(node, 0), builder_.Vector(node.Ints("perm"))})};
}

OnnxRows::Tensors OnnxRows::Squeeze(const OnnxNode& node) {
  std::vector<int64_t> axes;
  if (!NumbersOf(node, "axes", 1, &axes) || axes.empty()) return {};
  return {builder_.Add("Squeeze", {Input(node, 0)}, {{"squeeze_dims", IntListAttr(axes)}})};
}

// Axes are those of the output.
OnnxRows::Tensors OnnxRows::Unsqueeze(const OnnxNode& node) {
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

OnnxRows::Tensors OnnxRows::Expand(const OnnxNode& node) {
  return {builder_.Add("file.Expand", Inputs(node))};
}

OnnxRows::Tensors OnnxRows::Tile(const OnnxNode& node) {
  return {builder_.Add("Tile", Inputs(node))};
}

OnnxRows::Tensors OnnxRows::Shape(const OnnxNode& node) {
  if (node.has("start") || node.has("end")) return {};
  return {builder_.Add("Shape", {Input(node, 0)})};
}

OnnxRows::Tensors OnnxRows::Size(const OnnxNode& node) {
  return {builder_.Add("Size", {Input(node, 0)})};
}

OnnxRows::Tensors OnnxRows::Range(const OnnxNode& node) {
  return {builder_.Add("Range", Inputs(node))};
}

OnnxRows::Tensors OnnxRows::ConstantOfShape(const OnnxNode& node) {
  const auto value = node.attributes.find("value");
  const bool is_number = value != node.attributes.end() && value->second.tensor &&
                         value->second.tensor->numbers &&
                         value->second.tensor->numbers->size() == 1;
  return {builder_.Add(
      "Fill", {Input(node, 0), is_number ? builder_.Scalar((*value->second.tensor->numbers)[0])
                                         : builder_.Constant({})})};
}

}  // namespace tensorgate
