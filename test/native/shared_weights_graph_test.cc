#include "graph/shared_weights_graph.h"

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

const std::string kTensor = proto::Dtype(DataType::kFloat) + proto::Shape({3}) +
                            proto::Content(proto::Raw(std::vector<float>{1, 2, 3}));

std::string Argument(std::string_view name, int64_t index) {
  return NodeDef(name, "_Arg", {}, {{"T", Type(kFloat)}, {"index", proto::VarintField(3, index)}});
}

std::string Result(std::string_view name, std::string_view input, int64_t index) {
  return NodeDef(name, "_Retval", {input},
                 {{"T", Type(kFloat)}, {"index", proto::VarintField(3, index)}});
}

std::string Constant(std::string_view name, const std::string& tensor,
                     std::initializer_list<std::string_view> inputs = {}) {
  return NodeDef(name, "Const", inputs,
                 {{"dtype", Type(kFloat)}, {"value", proto::BytesField(8, tensor)}});
}

// y = x + w, as TensorFlow writes what it executes.
std::string Sum() {
  return graph::Graph({Argument("_arg_x_0_0", 0), Constant("w", kTensor, {"^_arg_x_0_0"}),
                       NodeDef("y", "Add", {"_arg_x_0_0", "w"},
                               {{"T", Type(kFloat)},
                                {"_class", proto::BytesField(1, proto::BytesField(2, "loc:@w"))}}),
                       Result("_retval_y_0_0", "y", 0)});
}

struct Shared {
  Shared(std::string serialized, const std::vector<std::string>& feeds,
         const std::vector<std::string>& fetches, size_t least_bytes = 1)
      : executed(std::move(serialized)) {
    GraphDef given;
    status = ReadGraphDef(executed, &given);
    if (status.ok()) status = MakeSharedWeightsGraph(given, feeds, fetches, least_bytes, 7, &made);
    if (status.ok()) status = ReadGraphDef(made.graph_def, &graph);
  }

  // The node that makes a tensor.
  const Node* Of(std::string_view tensor) const {
    for (const Node& node : graph.nodes) {
      if (node.name == tensor.substr(0, tensor.find(':'))) return &node;
    }
    return nullptr;
  }

  std::string executed;
  Status status;
  SharedWeightsGraph made;
  GraphDef graph;
};

TEST(SharedWeightsGraphTest, HasALargeConstantInAVariableAndEndsThatCanBeFedAndFetched) {
  const Shared shared(Sum(), {"x:0"}, {"y:0"});
  ASSERT_TRUE(shared.status.ok()) << shared.status.message();
  const Node* feed = shared.Of(shared.made.feeds.at(0));
  ASSERT_NE(feed, nullptr);
  EXPECT_EQ(feed->op, "Placeholder");
  EXPECT_EQ(*feed->attr("dtype"), Type(kFloat));
  const Node* fetch = shared.Of(shared.made.fetches.at(0));
  ASSERT_NE(fetch, nullptr);
  EXPECT_EQ(fetch->op, "Identity");
  ASSERT_EQ(fetch->inputs, std::vector<std::string_view>{"y"});
  const Node* sum = shared.Of("y");
  ASSERT_NE(sum, nullptr);
  EXPECT_EQ(sum->inputs, (std::vector<std::string_view>{feed->name, "w"}));
  EXPECT_EQ(sum->attr("_class"), nullptr);

  const Node* read = shared.Of("w");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->op, "ReadVariableOp");
  const Node* variable = shared.Of(read->inputs.at(0));
  ASSERT_NE(variable, nullptr);
  EXPECT_EQ(variable->op, "VarHandleOp");
  EXPECT_EQ(*variable->attr("shape"), proto::BytesField(7, proto::Dim(3)));
  // It is read when the constant was there.
  EXPECT_EQ(variable->inputs, std::vector<std::string_view>{"^" + std::string(feed->name)});
  ASSERT_EQ(shared.made.weights.size(), 1u);
  const SharedWeight& weight = shared.made.weights[0];
  EXPECT_EQ(weight.serialized, kTensor);
  EXPECT_EQ(weight.weight.number, 7u);
  const Node* assign = shared.Of(weight.weight.assign);
  ASSERT_NE(assign, nullptr);
  EXPECT_EQ(assign->op, "AssignVariableOp");
  EXPECT_EQ(assign->inputs.at(0), variable->name);
  EXPECT_EQ(shared.Of(assign->inputs.at(1)), shared.Of(weight.weight.value));
}

TEST(SharedWeightsGraphTest, GivesResidentWeightsWhatAssignsThemAndTheirNumbers) {
  std::string resident;
  AppendResident({"w", "", "", {}, {}}, Type(kFloat), {3}, 4, &resident);
  GraphDef written;
  ASSERT_TRUE(ReadGraphDef(resident, &written).ok());
  ASSERT_EQ(written.nodes.size(), 5u);
  std::string executed;
  AppendNode(written.nodes[0], &executed);
  AppendNode(written.nodes[1], &executed);
  const Shared shared(executed + proto::BytesField(1, Result("_retval_w_0_0", "w", 0)), {},
                      {"w:0"});
  ASSERT_TRUE(shared.status.ok()) << shared.status.message();
  ASSERT_EQ(shared.made.weights.size(), 1u);
  const SharedWeight& weight = shared.made.weights[0];
  EXPECT_EQ(weight.weight.number, 4u);
  EXPECT_TRUE(weight.serialized.empty());
  const Node* assign = shared.Of(weight.weight.assign);
  ASSERT_NE(assign, nullptr);
  EXPECT_EQ(assign->inputs.at(0), written.nodes[0].name);
  EXPECT_EQ(shared.Of("w")->inputs.at(0), written.nodes[0].name);
}

TEST(SharedWeightsGraphTest, LeavesSmallConstantsAndThoseThatHaveNoNumbers) {
  EXPECT_EQ(Shared(Sum(), {"x:0"}, {"y:0"}, 1000).made.weights.size(), 0u);
  const Shared text(
      graph::Graph({NodeDef("w", "Const", {},
                            {{"dtype", Type(7)}, {"value", proto::BytesField(8, kTensor)}}),
                    Result("_retval_w_0_0", "w", 0)}),
      {}, {"w:0"});
  ASSERT_TRUE(text.status.ok()) << text.status.message();
  EXPECT_EQ(text.made.weights.size(), 0u);
  EXPECT_EQ(text.Of("w")->op, "Const");
}

TEST(SharedWeightsGraphTest, KnowsTensorsByTheirOrderAndNames) {
  const std::string two =
      graph::Graph({Argument("_arg_b_0_1", 1), Argument("_arg_a_1_0", 0),
                    Result("_retval_f_0_1", "g", 1), Result("_retval_e_2_0", "_hidden:1", 0),
                    NodeDef("_hidden", "Split", {"_arg_b_0_1", "^_arg_a_1_0"}),
                    NodeDef("g", "Neg", {"_hidden"})});
  const Shared shared(two, {"b:0", "a:1"}, {"e:2", "f:0"});
  ASSERT_TRUE(shared.status.ok()) << shared.status.message();
  const Node* e = shared.Of(shared.made.fetches[0]);
  const Node* f = shared.Of(shared.made.fetches[1]);
  ASSERT_TRUE(e != nullptr && f != nullptr);
  EXPECT_EQ(f->inputs.at(0), "g");
  const Node* hidden = shared.Of(e->inputs.at(0));
  ASSERT_NE(hidden, nullptr) << "an input has the name that its node got";
  EXPECT_EQ(hidden->op, "Split");
  EXPECT_NE(hidden->name[0], '_') << "TensorFlow takes no such names";
  EXPECT_EQ(e->inputs.at(0), std::string(hidden->name) + ":1");
  EXPECT_EQ(shared.Of("g")->inputs.at(0), hidden->name);
  EXPECT_EQ(shared.Of(hidden->inputs.at(0)), shared.Of(shared.made.feeds[0]));
  EXPECT_EQ(hidden->inputs.at(1), "^" + std::string(shared.Of(shared.made.feeds[1])->name));
}

TEST(SharedWeightsGraphTest, RefusesWhatIsNotKnownToSurvive) {
  struct Case {
    std::string node;
    const char* reason;
  };
  for (const Case& each :
       {Case{NodeDef("n", "PartitionedCall", {"w"}, {{"f", graph::Func("inner")}}),
             "node n calls a function"},
        Case{NodeDef("n", "inner", {"w"}), "node n calls a function"},
        Case{NodeDef("n", "Merge", {"w"}), "it uses Merge"},
        Case{NodeDef("n", "_Recv", {}), "it uses _Recv"},
        Case{NodeDef("tensorgate/shared_weights/feed/0", "Neg", {"w"}),
             "a node has the name of another"},
        Case{NodeDef("n", "Neg", {"w"}) + proto::BytesField(4, "/gpu:0"),
             "it is executed on several devices"},
        Case{NodeDef("n", "If", {"w"}, {{"f", "\x0a"}}), "node n is malformed"},
        Case{Argument("_arg_z_0_1", 1), "it has another number of inputs or outputs"},
        Case{Argument("_arg_x_0_0", 0), "node _arg_x_0_0 is no input or output of it"}}) {
    const Shared shared(graph::Graph({Argument("_arg_x_0_0", 0), Constant("w", kTensor), each.node,
                                      Result("_retval_w_0_0", "w", 0)},
                                     {graph::FunctionDef("inner", {}, "v")}),
                        {"x:0"}, {"w:0"});
    EXPECT_EQ(shared.status.code(), Code::kFailedPrecondition) << each.reason;
    EXPECT_EQ(shared.status.message(), each.reason);
  }
  EXPECT_EQ(Shared(Sum(), {"z:0"}, {"y:0"}).status.message(),
            "node _arg_x_0_0 is no input or output of it");
  EXPECT_EQ(Shared(Sum(), {"x:0"}, {"y:0", "z:0"}).status.message(), "it lacks an input or output");
}

}  // namespace
}  // namespace tensorgate
