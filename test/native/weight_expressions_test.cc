#include "graph/weight_expressions.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "graph/attr_value.h"
#include "graph_builder.h"

namespace tensorgate {
namespace {

using graph::kFloat;
using graph::NodeDef;
using graph::Type;

// "w" and "v", weights of 2 x 3 floats with the numbers 0 and 1; "c", a constant; "x", an argument.
struct Executed {
  explicit Executed(std::initializer_list<std::string> nodes) {
    std::string weights;
    AppendResident({"w", "", "", {}, {}}, Type(kFloat), {2, 3}, 0, &weights);
    AppendResident({"v", "", "", {}, {}}, Type(kFloat), {2, 3}, 1, &weights);
    GraphDef written;
    EXPECT_TRUE(ReadGraphDef(weights, &written).ok());
    for (const Node& node : written.nodes) {
      if (node.op == "VarHandleOp" || node.op == "ReadVariableOp") AppendNode(node, &bytes);
    }
    bytes += proto::BytesField(1, NodeDef("c", "Const", {}));
    bytes += proto::BytesField(1, NodeDef("x", "_Arg", {}));
    for (const std::string& node : nodes) bytes += proto::BytesField(1, node);
    EXPECT_TRUE(ReadGraphDef(bytes, &graph).ok());
    found = FindWeightExpressions(graph);
  }

  const Node* Find(std::string_view name) const {
    for (const Node& node : graph.nodes) {
      if (node.name == name) return &node;
    }
    return nullptr;
  }

  std::string bytes;
  GraphDef graph;
  WeightExpressions found;
  std::deque<std::string> texts;
};

TEST(WeightExpressionsTest, AreWhatIsComputedOfWeightsAndConstantsAlone) {
  Executed executed({NodeDef("scaled", "Mul", {"turned", "c"}),
                     NodeDef("turned", "Transpose", {"w", "c"}),
                     NodeDef("y", "MatMul", {"x", "scaled"}), NodeDef("mixed", "Add", {"x", "v"}),
                     NodeDef("const", "Neg", {"c"}), NodeDef("out", "_Retval", {"y"})});
  ASSERT_EQ(executed.found.results.size(), 1u);
  EXPECT_EQ(executed.found.results[0].node, "scaled");
  EXPECT_EQ(executed.found.results[0].bytes, 6 * sizeof(float));
  ASSERT_EQ(executed.found.weights.size(), 1u);
  EXPECT_EQ(executed.found.weights[0].number, 0u);
  GraphDef computing;
  ASSERT_TRUE(ReadGraphDef(executed.found.graph_def, &computing).ok());
  for (const Node& node : computing.nodes) EXPECT_NE(node.op, "_Arg");
  EXPECT_EQ(computing.nodes.size(), 8u) << "both, the constant, and five for the weight";

  const WeightValue value{"scaled", 2, DataType::kFloat, {3, 2}};
  ASSERT_TRUE(PutWeights({value}, &executed.graph, &executed.texts).ok());
  const Node* read = executed.Find("scaled");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->op, "ReadVariableOp");
  size_t number = 0;
  ASSERT_NE(executed.Find(read->inputs.at(0)), nullptr);
  EXPECT_TRUE(IsResident(*executed.Find(read->inputs.at(0)), &number));
  EXPECT_EQ(number, 2u);
  EXPECT_EQ(executed.Find("w"), nullptr) << "nobody needs it any more";
  EXPECT_EQ(executed.Find("turned"), nullptr);
}

TEST(WeightExpressionsTest, AreOnlyOfOpsThatAreFunctions) {
  const Executed executed({NodeDef("random", "RandomUniform", {"w"}),
                           NodeDef("many", "Split", {"c", "w"}), NodeDef("_hidden", "Neg", {"w"}),
                           NodeDef("y", "Pack", {"random", "many:1", "_hidden", "x"}),
                           NodeDef("out", "_Retval", {"y"})});
  EXPECT_TRUE(executed.found.results.empty());
  EXPECT_TRUE(executed.found.graph_def.empty());
}

TEST(WeightExpressionsTest, FiltersThatAreWeightsAreSaidToBeConstant) {
  const auto convolution = [](std::string_view name, std::string_view filter) {
    return NodeDef(name, "_MklNativeConv2D", {"x", filter},
                   {{"is_filter_const", proto::VarintField(5, 0)}});
  };
  Executed executed({convolution("a", "w"), convolution("b", "x"), NodeDef("out", "_Retval", {"a"}),
                     NodeDef("out2", "_Retval", {"b"})});
  ASSERT_TRUE(PutWeights({}, &executed.graph, &executed.texts).ok());
  EXPECT_EQ(*executed.Find("a")->attr("is_filter_const"), BoolAttr(true));
  EXPECT_NE(*executed.Find("b")->attr("is_filter_const"), BoolAttr(true));
}

}  // namespace
}  // namespace tensorgate
