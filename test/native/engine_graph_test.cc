#include "graph/engine_graph.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "graph/attr_value.h"
#include "graph_builder.h"

namespace tensorgate {
namespace {

using graph::Call;
using graph::Graph;
using graph::NodeDef;
using graph::Type;

constexpr int64_t kInt64 = 9;

std::string Constant(std::string_view name, DataType type, const std::vector<int64_t>& dims,
                     std::string_view content) {
  return NodeDef(name, "Const", {},
                 {{"dtype", TypeAttr(type)}, {"value", TensorAttr(type, dims, content)}});
}

std::string Zero(std::string_view name) {
  return Constant(name, DataType::kInt64, {}, std::string(8, '\0'));
}

std::string Fed(std::string_view name, DataType type) {
  return NodeDef(name, "Placeholder", {}, {{"dtype", TypeAttr(type)}});
}

std::string Gather(std::string_view name, std::string_view rows) {
  return NodeDef(name, "GatherV2", {"weights", rows, "zero"},
                 {{"Tparams", Type(graph::kFloat)}, {"Tindices", Type(kInt64)}});
}

// Five rows of two.
std::string Weights() {
  return Constant("weights", DataType::kFloat, {5, 2}, std::string(40, '\0'));
}

struct Made {
  Status status;
  EngineGraph graph;
};

Made Make(const std::string& bytes, const std::string& fed, DataType type,
          const std::string& fetched, const ResidentValue& resident = nullptr) {
  GraphDef graph;
  EXPECT_TRUE(ReadGraphDef(bytes, &graph).ok());
  EngineInput input;
  input.name = fed;
  input.dtype = type;
  input.unknown_rank = false;
  input.dims = {-1, 2};
  Made made;
  made.status = MakeEngineGraph(graph, resident, {input}, {fetched}, &made.graph);
  return made;
}

std::string Refusal(const Made& made) {
  EXPECT_EQ(made.status.code(), Code::kFailedPrecondition);
  return made.status.message();
}

TEST(EngineGraphTest, HasWhatASignatureNeedsAndAnOutputOfItsOwn) {
  const std::string bytes = Graph({
      Fed("x", DataType::kFloat),
      NodeDef("y", "Relu", {"x", "^check"}, {{"T", Type(graph::kFloat)}}),
      NodeDef("check", "Assert", {}),
      NodeDef("other", "Tanh", {"y"}, {{"T", Type(graph::kFloat)}}),
  });
  const Made made = Make(bytes, "x:0", DataType::kFloat, "y:0");
  ASSERT_TRUE(made.status.ok()) << made.status.message();
  GraphDef graph;
  ASSERT_TRUE(ReadGraphDef(made.graph.graph_def, &graph).ok());
  std::string names;
  for (const Node& node : graph.nodes) names += std::string(node.name) + " ";
  EXPECT_EQ(names, "x y tensorgate/outputs/0 ");
  EXPECT_EQ(made.graph.outputs, std::vector<std::string>{"tensorgate/outputs/0:0"});
  std::vector<int64_t> dims;
  EXPECT_TRUE(ReadShapeAttr(*graph.nodes[0].attr("shape"), &dims) == false);  // one is open
  EXPECT_EQ(made.graph.inputs[0].below, 0);
}

TEST(EngineGraphTest, RefusesOpsAndTypesThatAreNotKnownToAgree) {
  const auto with = [](const std::string& node) {
    return Make(Graph({Fed("x", DataType::kFloat), node}), "x:0", DataType::kFloat, "y:0");
  };
  EXPECT_EQ(Refusal(with(NodeDef("y", "Rint", {"x"}, {{"T", Type(graph::kFloat)}}))),
            "node y (Rint) is of no op that is known to compute the same");
  EXPECT_EQ(Refusal(with(NodeDef("y", "Relu", {"x"}, {{"T", TypeAttr(DataType::kDouble)}}))),
            "node y (Relu) computes double");
  EXPECT_EQ(Refusal(Make(Graph({Fed("x", DataType::kString)}), "x:0", DataType::kString, "x:0")),
            "its input is of type string");
  EXPECT_EQ(Refusal(Make(Graph({Fed("x", DataType::kFloat)}), "x:0", DataType::kFloat, "x:0")),
            "it gives back what it is fed");
}

TEST(EngineGraphTest, LooksIntoFunctions) {
  const std::string function =
      graph::FunctionDef("f", {NodeDef("r", "Rint", {"v"}, {{"T", Type(graph::kFloat)}})}, "r:y:0");
  const std::string bytes = Graph({Fed("x", DataType::kFloat), Call("y", "f", "x")}, {function});
  EXPECT_EQ(Refusal(Make(bytes, "x:0", DataType::kFloat, "y:0")),
            "node r (Rint) is of no op that is known to compute the same");
}

TEST(EngineGraphTest, BoundsTheRowsThatAreGathered) {
  const std::string bytes =
      Graph({Fed("ids", DataType::kInt64), Weights(), Zero("zero"), Gather("y", "ids")});
  const Made made = Make(bytes, "ids:0", DataType::kInt64, "y:0");
  ASSERT_TRUE(made.status.ok()) << made.status.message();
  EXPECT_EQ(made.graph.inputs[0].below, 5);
}

TEST(EngineGraphTest, KnowsRowsFromTheEnd) {
  const std::string bytes = Graph({
      Fed("ids", DataType::kInt64),
      Weights(),
      Zero("zero"),
      Constant("five", DataType::kInt64, {}, std::string("\5\0\0\0\0\0\0\0", 8)),
      NodeDef("less", "Less", {"ids", "zero"}, {{"T", Type(kInt64)}}),
      NodeDef("add", "AddV2", {"ids", "five"}, {{"T", Type(kInt64)}}),
      NodeDef("rows", "SelectV2", {"less", "add", "ids"}, {{"T", Type(kInt64)}}),
      Gather("y", "rows"),
  });
  const Made made = Make(bytes, "ids:0", DataType::kInt64, "y:0");
  ASSERT_TRUE(made.status.ok()) << made.status.message();
  EXPECT_EQ(made.graph.inputs[0].below, 5);
}

TEST(EngineGraphTest, RefusesRowsThatAreComputed) {
  const std::string shifted = Graph({
      Fed("ids", DataType::kInt64),
      Weights(),
      Zero("zero"),
      NodeDef("rows", "AddV2", {"ids", "zero"}, {{"T", Type(kInt64)}}),
      Gather("y", "rows"),
  });
  EXPECT_EQ(Refusal(Make(shifted, "ids:0", DataType::kInt64, "y:0")),
            "node rows (AddV2) computes with whole numbers that are fed");
  const std::string cast = Graph({
      Fed("x", DataType::kFloat),
      Weights(),
      Zero("zero"),
      NodeDef("rows", "Cast", {"x"}, {{"SrcT", Type(graph::kFloat)}, {"DstT", Type(kInt64)}}),
      Gather("y", "rows"),
  });
  EXPECT_EQ(Refusal(Make(cast, "x:0", DataType::kFloat, "y:0")),
            "node y (GatherV2) gathers rows that are computed");
}

}  // namespace
}  // namespace tensorgate
