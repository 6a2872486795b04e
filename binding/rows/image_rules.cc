// Ops on batches of images and of sequences: dimension 0 counts them, and none sees another.
#include <utility>

#include "rows/operation.h"

namespace tensorgate {
namespace {

// The first element of each of such an attribute is of dimension 0.
bool LeavesImagesApart(const Operation& operation) {
  for (std::string_view name : {"ksize", "strides", "dilations", "rates", "ksizes"}) {
    const std::vector<int64_t> sizes = operation.Ints(name);
    if (!sizes.empty() && sizes[0] != 1) return false;
  }
  return true;
}

bool IsChannelsFirst(const Operation& operation) {
  const std::string_view format = operation.Text("data_format");
  return format == "NCHW" || format == "NCDHW";
}

constexpr int64_t kMaxSize = int64_t{1} << 40;

// Of `dims`, of a window that moves along dimension `i`; a kernel of 0 is not known.
Size Windows(const Operation& operation, const Dims& dims, size_t i, int64_t kernel) {
  const std::vector<int64_t> strides = operation.Ints("strides");
  const std::vector<int64_t> dilations = operation.Ints("dilations");
  const std::vector<int64_t> paddings = operation.Ints("explicit_paddings");
  const std::string_view padding = operation.Text("padding");
  const Size& dim = dims[i];
  const int64_t dilation = dilations.empty() ? 1 : i < dilations.size() ? dilations[i] : 0;
  const int64_t stride = i < strides.size() ? strides[i] : 0;
  if (!dim.is_number() || dim.number() > kMaxSize || stride < 1 || dilation < 1 ||
      dilation > kMaxSize || kernel < 0 || kernel > (int64_t{1} << 20)) {
    return operation.Unknown(i);
  }
  const auto by_stride = [&](int64_t size) { return Size((size + stride - 1) / stride); };
  if (padding == "SAME") return by_stride(dim.number());
  int64_t size = dim.number();
  if (padding == "EXPLICIT" && 2 * i + 1 < paddings.size()) {
    for (size_t side : {2 * i, 2 * i + 1}) {
      if (paddings[side] < 0 || paddings[side] > kMaxSize) return operation.Unknown(i);
      size += paddings[side];
    }
  } else if (padding != "VALID") {
    return operation.Unknown(i);
  }
  size -= (kernel - 1) * dilation;
  return kernel == 0 || size < 0 ? operation.Unknown(i) : by_stride(size);
}

int64_t NumberOr(const Size& size, int64_t otherwise) {
  return size.is_number() ? size.number() : otherwise;
}

// The shape of what a convolution makes of such images, or what a pool makes of them.
Dims Convolved(const Operation& operation, const Dims& dims, const Value& filter) {
  const bool channels_first = IsChannelsFirst(operation);
  const size_t channel = channels_first ? 1 : dims.size() - 1;
  const bool is_known = filter.dims && filter.rank() == dims.size();
  Dims convolved{dims[0]};
  for (size_t i = 1; i < dims.size(); ++i) {
    const size_t place = channels_first ? i - 2 : i - 1;  // in the filter
    if (i == channel) {
      if (!is_known)
        convolved.push_back(operation.Unknown(i));
      else if (operation.op() == "DepthwiseConv2dNative")
        convolved.push_back((*filter.dims)[2] * (*filter.dims)[3]);
      else
        convolved.push_back(filter.dims->back());
    } else {
      convolved.push_back(
          Windows(operation, dims, i, is_known ? NumberOr((*filter.dims)[place], 0) : 0));
    }
  }
  return convolved;
}

Dims Pooled(const Operation& operation, const Dims& dims) {
  const std::vector<int64_t> kernel = operation.Ints("ksize");
  Dims pooled{dims[0]};
  for (size_t i = 1; i < dims.size(); ++i) {
    pooled.push_back(Windows(operation, dims, i, i < kernel.size() ? kernel[i] : 0));
  }
  return pooled;
}

// images, size
Dims Resized(const Operation& operation, const Dims& dims) {
  const Value& size = operation.input(1);
  Dims resized = dims;
  for (size_t i = 1; i < 3 && i < dims.size(); ++i) {
    const bool is_known = size.elements && size.elements->size() == 2;
    resized[i] = is_known ? operation.DimOf((*size.elements)[i - 1], i) : operation.Unknown(i);
  }
  return resized;
}

Dims NewDims(const Operation& operation, const Dims& dims) {
  const std::string_view op = operation.op();
  if (op == "Conv2D" || op == "Conv3D" || op == "DepthwiseConv2dNative") {
    return Convolved(operation, dims, operation.input(1));
  }
  if (op.substr(0, 6) == "Resize") return Resized(operation, dims);
  if (operation.count() == 1 && (op.substr(0, 7) == "MaxPool" || op.substr(0, 7) == "AvgPool")) {
    return Pooled(operation, dims);
  }
  Dims unknown{dims[0]};
  for (size_t i = 1; i < dims.size(); ++i) unknown.push_back(operation.Unknown(i));
  return unknown;
}

// The first input's images, by others that are the same in both runs.
Values EachImage(const Operation& operation) {
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  const Value& value = operation.input(0);
  if (value.is_fixed() && (!value.dims || value.rank() == 0)) return {Value::Fixed()};
  if (!value.is_fixed() && !value.is_rows()) return NoRule(operation);
  if (value.is_fixed()) return {Value::Fixed(NewDims(operation, *value.dims))};
  if (!LeavesImagesApart(operation)) return {operation.Against("works across the rows")};
  if (value.axis != 0)
    return {operation.Against("has the rows in another dimension than the first")};
  return {value.WithDims(NewDims(operation, *value.dims), 0)};
}

// Of the same shape.
Values Normalized(const Operation& operation) {
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  const Value& value = operation.input(0);
  if (operation.Bool("is_training", operation.op() != "LRN")) {
    return value.is_fixed() ? NoRule(operation)
                            : Values{operation.Against("takes averages over the rows")};
  }
  if (!value.is_rows()) return NoRule(operation);
  if (value.axis != 0)
    return {operation.Against("has the rows in another dimension than the first")};
  Values values{value.WithDims(*value.dims, 0)};
  if (operation.op() != "LRN") values.resize(6, operation.Against("takes averages over the rows"));
  return values;
}

// input_sizes, filter, out_backprop
Values TransposedConvolution(const Operation& operation) {
  if (operation.count() != 3 || !operation.input(1).is_fixed()) return NoRule(operation);
  const Value& value = operation.input(2);
  const Value& sizes = operation.input(0);
  if (!value.is_rows()) return NoRule(operation);
  if (!LeavesImagesApart(operation)) return {operation.Against("works across the rows")};
  if (!sizes.elements || value.axis != 0 || sizes.elements->size() != value.rank()) {
    return {operation.Against("makes a shape that is not known")};
  }
  Dims dims;
  for (size_t i = 0; i < sizes.elements->size(); ++i) {
    const Element& size = (*sizes.elements)[i];
    if (i == 0 ? size.kind != Element::kSize || size.size != (*value.dims)[0]
               : size.counts_rows()) {
      return {operation.Against("makes a shape of the number of rows")};
    }
    dims.push_back(operation.DimOf(size, i));
  }
  return {value.WithDims(std::move(dims), 0)};
}

}  // namespace

const Rules& ImageRules() {
  static const Rules rules = [] {
    Rules all;
    for (std::string_view op :
         {"AvgPool", "AvgPool3D", "Conv2D", "Conv3D", "DepthToSpace", "DepthwiseConv2dNative",
          "Dilation2D", "ExtractImagePatches", "MaxPool", "MaxPool3D", "MaxPoolV2", "ResizeArea",
          "ResizeBicubic", "ResizeBilinear", "ResizeNearestNeighbor", "SpaceToDepth"}) {
      all.emplace_back(op, &EachImage);
    }
    for (std::string_view op : {"FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3", "LRN"}) {
      all.emplace_back(op, &Normalized);
    }
    for (std::string_view op :
         {"Conv2DBackpropInput", "Conv3DBackpropInputV2", "DepthwiseConv2dNativeBackpropInput"}) {
      all.emplace_back(op, &TransposedConvolution);
    }
    return all;
  }();
  return rules;
}

}  // namespace tensorgate
