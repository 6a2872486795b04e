#include "graph/fused_convolutions.h"

#include <gtest/gtest.h>

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "codec/proto/predict_proto.h"
#include "graph/attr_value.h"
#include "graph/resident_weights.h"
#include "graph_builder.h"

namespace tensorgate {
namespace {

using graph::kFloat;
using graph::NodeDef;
using graph::Type;

std::string Text(std::string_view text) { return proto::BytesField(2, text); }
std::string TextList(std::initializer_list<std::string_view> texts) {
  std::string list;
  for (std::string_view text : texts) list += proto::BytesField(2, text);
  return proto::BytesField(1, list);
}

std::string FloatConstant(std::string_view name, std::initializer_list<int64_t> dims,
                          const std::vector<float>& values) {
  const std::string tensor =
      proto::Dtype(DataType::kFloat) + proto::Shape(dims) + proto::Content(proto::Raw(values));
  return NodeDef(name, "Const", {},
                 {{"dtype", Type(kFloat)}, {"value", proto::BytesField(8, tensor)}});
}

std::string Paddings(std::string_view name, const std::vector<int32_t>& values) {
  const std::string tensor =
      proto::Dtype(DataType::kInt32) + proto::Shape({4, 2}) + proto::Content(proto::Raw(values));
  return NodeDef(name, "Const", {}, {{"dtype", Type(3)}, {"value", proto::BytesField(8, tensor)}});
}

std::string Op(std::string_view name, std::string_view op,
               std::initializer_list<std::string_view> inputs) {
  return NodeDef(name, op, inputs, {{"T", Type(kFloat)}});
}

std::string Convolution(std::string_view name, std::string_view op,
                        std::initializer_list<std::string_view> inputs,
                        std::string_view padding = "SAME", std::string_view format = "NHWC") {
  return NodeDef(name, op, inputs,
                 {{"T", Type(kFloat)},
                  {"data_format", Text(format)},
                  {"padding", Text(padding)},
                  {"strides", proto::BytesField(1, proto::PackedVarints(3, {1, 1, 1, 1}))},
                  {"_kernel", Text("MklNameChangeOp")}});
}

constexpr char kConv[] = "_MklNativeConv2D";
constexpr char kDepthwise[] = "_MklNativeDepthwiseConv2dNative";

// Of 2 channels: weights, factor, shift and 0 paddings but for the end of height and width.
const std::string kConstants[] = {
    FloatConstant("w", {1, 1, 2, 2}, {1, 2, 3, 4}), FloatConstant("dw", {1, 2, 2, 1}, {1, 2, 3, 4}),
    FloatConstant("scale", {2}, {10, 100}), FloatConstant("shift", {2}, {5, 7}),
    Paddings("pads", {0, 0, 0, 1, 0, 1, 0, 0})};

// `nodes` beside an argument "x", what `result` names being returned, with FuseConvolutions done.
struct Fused {
  Fused(std::initializer_list<std::string> nodes, std::string_view result) {
    for (const std::string& node : kConstants) bytes += proto::BytesField(1, node);
    bytes += proto::BytesField(1, Op("x", "_Arg", {}));
    for (const std::string& node : nodes) bytes += proto::BytesField(1, node);
    bytes += proto::BytesField(1, Op("out", "_Retval", {result}));
    EXPECT_TRUE(ReadGraphDef(bytes, &graph).ok());
    count = FuseConvolutions(&graph, &texts);
  }

  const Node* Find(std::string_view name) const {
    for (const Node& node : graph.nodes) {
      if (node.name == name) return &node;
    }
    return nullptr;
  }

  std::vector<float> ValuesOf(std::string_view name, std::vector<int64_t>* dims = nullptr) const {
    const Node* node = Find(name);
    std::string_view tensor, shape;
    DecodeBudget budget{DecodeLimits()};
    Tensor decoded;
    if (node == nullptr || !ReadTensorAttr(*node->attr("value"), &tensor, &shape) ||
        !DecodeTensorProto(tensor, &budget, &decoded).ok()) {
      return {};
    }
    if (dims != nullptr) *dims = decoded.dims;
    std::vector<float> values(static_cast<size_t>(decoded.elements));
    std::memcpy(values.data(), decoded.data.data(), values.size() * sizeof(float));
    return values;
  }

  std::string bytes;
  GraphDef graph;
  GraphTexts texts;
  size_t count = 0;
};

TEST(FusedConvolutionsTest, ADepthwiseOneTakesInItsNormalizationAndActivation) {
  const Fused fused({Convolution("c", kDepthwise, {"x", "dw"}), Op("m", "Mul", {"c", "scale"}),
                     Op("a", "AddV2", {"shift", "m:0"}), Op("r", "Relu6", {"a"})},
                    "r");
  EXPECT_EQ(fused.count, 1u);
  const Node* node = fused.Find("r");
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->op, "_MklNativeFusedDepthwiseConv2dNative");
  EXPECT_EQ(*node->attr("fused_ops"), TextList({"BiasAdd", "Relu6"}));
  EXPECT_EQ(*node->attr("padding"), Text("SAME"));
  EXPECT_EQ(*node->attr("_kernel"), Text("MklNameChangeOp"));
  ASSERT_EQ(node->inputs.size(), 3u);
  EXPECT_EQ(node->inputs[0], "x");
  EXPECT_EQ(fused.ValuesOf(node->inputs[1]), (std::vector<float>{10, 200, 30, 400}));
  EXPECT_EQ(fused.ValuesOf(node->inputs[2]), (std::vector<float>{5, 7}));
  for (const char* gone : {"c", "m", "a", "dw", "scale", "shift"}) {
    EXPECT_EQ(fused.Find(gone), nullptr) << gone;
  }
}

TEST(FusedConvolutionsTest, ASumWithAnotherTensorIsAnAddendAndWhatIsAddedAfterItABias) {
  const Fused fused({Op("y", "Relu", {"x"}), Convolution("c", kConv, {"x", "w"}),
                     Op("n", "AddN", {"y", "c"}), Op("a", "AddV2", {"n", "shift"})},
                    "a");
  EXPECT_EQ(fused.count, 1u);
  const Node* node = fused.Find("a");
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->op, "_MklNativeFusedConv2D");
  EXPECT_EQ(*node->attr("fused_ops"), TextList({"BiasAdd", "Add"}));
  EXPECT_EQ(*node->attr("num_args"), IntAttr(2));
  ASSERT_EQ(node->inputs.size(), 4u);
  EXPECT_EQ(fused.ValuesOf(node->inputs[1]), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(fused.ValuesOf(node->inputs[2]), (std::vector<float>{5, 7}));
  EXPECT_EQ(node->inputs[3], "y");
}

TEST(FusedConvolutionsTest, TwoThatAreAddedBecomeOneThatAddsTheOther) {
  const Fused fused({Convolution("b", kConv, {"x", "w"}), Convolution("c", kConv, {"x", "w"}),
                     Op("n", "AddN", {"b", "c"})},
                    "n");
  EXPECT_EQ(fused.count, 1u);
  const Node* node = fused.Find("n");
  ASSERT_NE(node, nullptr);
  ASSERT_EQ(node->inputs.size(), 4u);
  EXPECT_EQ(node->inputs[3], "c");
  EXPECT_NE(fused.Find("c"), nullptr);
  EXPECT_NE(fused.Find("w"), nullptr) << "the other one has it still";
}

TEST(FusedConvolutionsTest, AFactorAfterABiasIsOneOfTheBiasToo) {
  const Fused fused({Convolution("c", kConv, {"x", "w"}), Op("a", "AddV2", {"c", "shift"}),
                     Op("m", "Mul", {"a", "scale"})},
                    "m");
  const Node* node = fused.Find("m");
  ASSERT_NE(node, nullptr);
  ASSERT_EQ(node->inputs.size(), 3u);
  EXPECT_EQ(fused.ValuesOf(node->inputs[1]), (std::vector<float>{10, 200, 30, 400}));
  EXPECT_EQ(fused.ValuesOf(node->inputs[2]), (std::vector<float>{50, 700}));
}

TEST(FusedConvolutionsTest, ZerosAroundADepthwiseOneMakeItOneInGroups) {
  const Fused fused(
      {Op("p", "Pad", {"x", "pads"}), Convolution("c", kDepthwise, {"p", "dw"}, "VALID")}, "c");
  EXPECT_EQ(fused.count, 1u);
  const Node* node = fused.Find("c");
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->op, "_MklNativeFusedConv2D");
  EXPECT_EQ(*node->attr("padding"), Text("EXPLICIT"));
  EXPECT_EQ(*node->attr("explicit_paddings"), IntListAttr({0, 0, 0, 1, 0, 1, 0, 0}));
  EXPECT_EQ(*node->attr("fused_ops"), TextList({"BiasAdd"}));
  ASSERT_EQ(node->inputs.size(), 3u);
  EXPECT_EQ(node->inputs[0], "x");
  std::vector<int64_t> dims;
  EXPECT_EQ(fused.ValuesOf(node->inputs[1], &dims), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(dims, (std::vector<int64_t>{1, 2, 1, 2}));
  EXPECT_EQ(fused.ValuesOf(node->inputs[2]), (std::vector<float>{0, 0}));
}

TEST(FusedConvolutionsTest, LeavesAsItIsWhatMayNotBeTakenIn) {
  const std::string conv = Convolution("c", kConv, {"x", "w"});
  const std::string pad = Op("p", "Pad", {"x", "pads"});
  const struct {
    const char* why;
    std::initializer_list<std::string> nodes;
    const char* result;
  } kCases[] = {
      {"somebody else uses the result",
       {conv, Op("m", "Mul", {"c", "scale"}), Op("n", "AddN", {"m", "c"})},
       "n"},
      {"the result is an output", {conv, Op("m", "Mul", {"c", "scale"})}, "c"},
      {"somebody waits for it",
       {conv, Op("m", "Mul", {"c", "scale"}), Op("z", "Relu", {"x", "^c"})},
       "m"},
      {"what follows waits for somebody", {conv, Op("m", "Mul", {"c", "scale", "^x"})}, "m"},
      {"another number of channels",
       {conv, FloatConstant("one", {1}, {2}), Op("m", "Mul", {"c", "one"})},
       "m"},
      {"a factor for each place",
       {conv, FloatConstant("many", {2, 2}, {2, 3, 4, 5}), Op("m", "Mul", {"c", "many"})},
       "m"},
      {"no constant", {conv, Op("m", "Mul", {"c", "x"})}, "m"},
      {"what is added may be broadcast", {conv, Op("a", "AddV2", {"c", "x"})}, "a"},
      {"a depthwise one has no addend",
       {Convolution("c", kDepthwise, {"x", "dw"}), Op("n", "AddN", {"c", "x"})},
       "n"},
      {"another order of dimensions",
       {Convolution("c", kConv, {"x", "w"}, "SAME", "NCHW"), Op("m", "Mul", {"c", "scale"})},
       "m"},
      {"weights that are computed",
       {Convolution("c", kConv, {"x", "x"}), Op("m", "Mul", {"c", "scale"})},
       "m"},
      {"another kind of convolution",
       {Convolution("c", "Conv2D", {"x", "w"}), Op("m", "Mul", {"c", "scale"})},
       "m"},
      {"zeros that others see, too",
       {pad, Convolution("c", kConv, {"p", "w"}, "VALID"), Op("n", "AddN", {"p", "x"})},
       "c"},
      {"zeros as rows",
       {Paddings("rows", {0, 1, 0, 0, 0, 0, 0, 0}), Op("p", "Pad", {"x", "rows"}),
        Convolution("c", kConv, {"p", "w"}, "VALID")},
       "c"},
      {"a convolution that adds zeros itself",
       {pad, Convolution("c", kConv, {"p", "w"}, "SAME")},
       "c"},
  };
  for (const auto& each : kCases) {
    const Fused fused(each.nodes, each.result);
    EXPECT_EQ(fused.count, 0u) << each.why;
    EXPECT_EQ(fused.graph.nodes.size(), std::size(kConstants) + each.nodes.size() + 2) << each.why;
  }
}

TEST(FusedConvolutionsTest, AFactorAfterAnAddendStaysBehindIt) {
  const Fused fused({Convolution("c", kConv, {"x", "w"}), Op("n", "AddN", {"c", "x"}),
                     Op("m", "Mul", {"n", "scale"})},
                    "m");
  EXPECT_EQ(fused.count, 1u);
  const Node* factor = fused.Find("m");
  ASSERT_NE(factor, nullptr);
  EXPECT_EQ(factor->op, "Mul");
  EXPECT_EQ(factor->inputs, (std::vector<std::string_view>{"n", "scale"}));
}

// A weight that the graph has no numbers of.
std::string Resident(std::string_view name, const std::vector<int64_t>& dims) {
  std::string written;
  AppendResident({name, "", "", {}, {}}, Type(kFloat), dims, 4, &written);
  return written;
}

TEST(FusedConvolutionsTest, ResidentWeightsBecomeAnExpressionOfThemselves) {
  for (const bool is_plain : {false, true}) {
    std::string bytes = Resident("rw", {1, 1, 2, 2});
    for (const std::string& node : kConstants) bytes += proto::BytesField(1, node);
    const std::string device = proto::BytesField(4, "/device:CPU:0");
    const std::string convolution = Convolution("c", is_plain ? "Conv2D" : kConv, {"x", "rw"});
    for (const std::string& node :
         {Op("x", "_Arg", {}), convolution + device, FloatConstant("rows", {1, 1, 1, 2}, {10, 100}),
          Op("m", "Mul", {"c", "rows"}), Op("a", "AddV2", {"m", "shift"}), Op("r", "Relu", {"a"}),
          Op("out", "_Retval", {"r"})}) {
      bytes += proto::BytesField(1, node);
    }
    GraphDef graph;
    ASSERT_TRUE(ReadGraphDef(bytes, &graph).ok());
    GraphTexts texts;
    EXPECT_EQ(FuseConvolutions(&graph, &texts), 1u);
    const auto find = [&](std::string_view name) -> const Node& {
      for (const Node& node : graph.nodes) {
        if (node.name == name) return node;
      }
      ADD_FAILURE() << "no node " << name;
      return graph.nodes.front();
    };
    EXPECT_EQ(find("r").op, is_plain ? "_FusedConv2D" : "_MklNativeFusedConv2D");
    const Node& scaled = find(find("r").inputs.at(1));
    EXPECT_EQ(scaled.op, "Mul");
    EXPECT_EQ(find(scaled.inputs.at(1)).op, "Const");
    const Node& shaped = find(scaled.inputs.at(0));
    EXPECT_EQ(shaped.op, "Reshape");
    EXPECT_EQ(shaped.inputs.at(0), "rw");
  }
}

}  // namespace
}  // namespace tensorgate
