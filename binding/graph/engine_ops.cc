#include "graph/engine_ops.h"

#include <algorithm>
#include <string>
#include <vector>

#include "graph/attr_value.h"

namespace tensorgate {
namespace {

// Sorted. What is not here may refuse what engines answer (Assert, CheckNumerics, FloorMod by 0),
// depend on how numbers are rounded (Round, ArgMax), or has not been compared.
constexpr std::string_view kOps[] = {
    "Abs",
    "Add",
    "AddN",
    "AddV2",
    "AvgPool",
    "BatchMatMul",
    "BatchMatMulV2",
    "BatchMatMulV3",
    "BiasAdd",
    "BroadcastTo",
    "Cast",
    "ConcatV2",
    "Const",
    "Conv2D",
    "DepthwiseConv2dNative",
    "Einsum",
    "Elu",
    "EnsureShape",
    "Erf",
    "Erfc",
    "Exp",
    "ExpandDims",
    "Fill",
    "FusedBatchNorm",
    "FusedBatchNormV2",
    "FusedBatchNormV3",
    "Gather",
    "GatherV2",
    "Identity",
    "IdentityN",
    "LeakyRelu",
    "Less",
    "MatMul",
    "Max",
    "MaxPool",
    "Maximum",
    "Mean",
    "Min",
    "Minimum",
    "Mul",
    "Neg",
    "NoOp",
    "Pack",
    "Pad",
    "PadV2",
    "PartitionedCall",
    "Placeholder",
    "PlaceholderWithDefault",
    "PreventGradient",
    "Prod",
    "Range",
    "Rank",
    "RealDiv",
    "Relu",
    "Relu6",
    "Reshape",
    "Rsqrt",
    "SelectV2",
    "Selu",
    "Shape",
    "Sigmoid",
    "Size",
    "Slice",
    "Softmax",
    "Softplus",
    "Split",
    "Sqrt",
    "Square",
    "SquaredDifference",
    "Squeeze",
    "StatefulPartitionedCall",
    "StopGradient",
    "StridedSlice",
    "Sub",
    "Sum",
    "Tanh",
    "Tile",
    "Transpose",
    "Unpack",
};

constexpr std::string_view kHandsOn[] = {
    "EnsureShape",  "ExpandDims",   "Identity",  "PreventGradient", "Rank",
    "Reshape",      "Shape",        "Size",      "Slice",           "Squeeze",
    "StopGradient", "StridedSlice", "Transpose",
};

template <size_t kSize>
bool Has(const std::string_view (&sorted)[kSize], std::string_view op) {
  return std::binary_search(std::begin(sorted), std::end(sorted), op);
}

bool IsComputed(DataType type) {
  return type == DataType::kFloat || type == DataType::kInt32 || type == DataType::kInt64 ||
         type == DataType::kBool;
}

}  // namespace

Status CheckEngineOp(const Node& node) {
  const auto refuse = [&](const std::string& why) {
    return Status(Code::kFailedPrecondition,
                  "node " + std::string(node.name) + " (" + std::string(node.op) + ") " + why);
  };
  if (!Has(kOps, node.op)) return refuse("is of no op that is known to compute the same");
  for (const Attr& attr : node.attrs) {
    DataType type = DataType::kInvalid;
    if (!attr.name.empty() && attr.name[0] == '_') continue;
    if (!ReadTypeAttr(attr.value, &type) || IsComputed(type)) continue;
    // Of an image, which becomes floats.
    const bool is_read = node.op == "Cast" && attr.name == "SrcT" && type == DataType::kUint8;
    if (!is_read) return refuse("computes " + DataTypeName(type));
  }
  return Status();
}

bool HandsOn(const Node& node, size_t slot) {
  if (node.op == "PartitionedCall" || node.op == "StatefulPartitionedCall") return true;
  if (slot != 0) return false;
  if (node.op != "Cast") return Has(kHandsOn, node.op);
  const std::string_view* to = node.attr("DstT");
  DataType type = DataType::kInvalid;
  return to != nullptr && ReadTypeAttr(*to, &type) &&
         (type == DataType::kInt32 || type == DataType::kInt64);
}

bool IsGather(std::string_view op) { return op == "Gather" || op == "GatherV2"; }

}  // namespace tensorgate
