#include "graph/freeze.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "graph/attr_value.h"
#include "graph_builder.h"

namespace tensorgate {
namespace {

using graph::Call;
using graph::FunctionDef;
using graph::Graph;
using graph::kFloat;
using graph::kResource;
using graph::NodeDef;
using graph::Read;
using graph::Type;
using graph::Types;
using graph::Variable;

const float kValues[] = {1, 2, 3};
const int64_t kDims[] = {3};

TensorView ThreeFloats() {
  TensorView view;
  view.dtype = DataType::kFloat;
  view.dims = kDims;
  view.rank = 1;
  view.elements = 3;
  view.data = kValues;
  return view;
}

// Freezes what "y" needs, with a value for every variable.
struct Frozen {
  explicit Frozen(const std::string& serialized) {
    GraphDef original;
    status = ReadGraphDef(serialized, &original);
    if (!status.ok()) return;
    Freezer freezer(original, {"y"});
    std::vector<GraphVariable> variables;
    status = freezer.FindVariables(&variables);
    std::map<std::string_view, TensorView> values;
    for (const GraphVariable& variable : variables) values[variable.name] = ThreeFloats();
    if (status.ok()) status = freezer.Freeze(values, &bytes);
    if (status.ok()) status = ReadGraphDef(bytes, &graph);
  }

  const Node* Find(std::string_view name) const {
    for (const Node& node : graph.nodes) {
      if (node.name == name) return &node;
    }
    return nullptr;
  }

  Status status;
  std::string bytes;
  GraphDef graph;
};

TEST(FreezeTest, MakesConstantsOfVariablesAndIdentitiesOfReads) {
  const Frozen frozen(
      Graph({Variable("v"), Read("r", "v"), NodeDef("y", "Neg", {"r", "^v"}), Variable("unused")}));
  ASSERT_TRUE(frozen.status.ok()) << frozen.status.message();
  EXPECT_EQ(frozen.graph.nodes.size(), 3u);
  const Node* constant = frozen.Find("v");
  ASSERT_NE(constant, nullptr);
  EXPECT_EQ(constant->op, "Const");
  const std::string tensor = proto::Dtype(DataType::kFloat) + proto::Shape({3}) +
                             proto::Content(proto::Raw(std::vector<float>{1, 2, 3}));
  EXPECT_EQ(*constant->attr("value"), proto::BytesField(8, tensor));
  const Node* read = frozen.Find("r");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->op, "Identity");
  EXPECT_EQ(*read->attr("T"), Type(kFloat));
  EXPECT_EQ(read->attr("dtype"), nullptr);
  EXPECT_EQ(frozen.graph.versions, proto::VarintField(1, 2000));
}

TEST(FreezeTest, CopiesAFunctionOnceForEachKindOfArguments) {
  const Frozen frozen(Graph(
      {Variable("v"), Variable("w"), Call("a", "f", "v"), Call("b", "f", "w"),
       NodeDef("y", "Add", {"a", "b"})},
      {FunctionDef("f", {Read("r", "v"), Call("deep", "g", "v")}, "deep:output:0"),
       FunctionDef(
           "g",
           {NodeDef("i", "Identity", {"v"}, {{"T", Type(kResource)}}), Read("r", "i:output:0")},
           "r:value:0"),
       FunctionDef("never", {}, "v")}));
  ASSERT_TRUE(frozen.status.ok()) << frozen.status.message();
  ASSERT_EQ(frozen.graph.functions.size(), 2u);
  const Node* a = frozen.Find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(*a->attr("Tin"), Types({kFloat}));
  EXPECT_EQ(*a->attr("f"), *frozen.Find("b")->attr("f"));
  std::string_view f_name;
  ASSERT_TRUE(ReadFunctionAttr(*a->attr("f"), &f_name));
  const Function& f = frozen.graph.functions[0];
  EXPECT_EQ(f.name, f_name);
  EXPECT_EQ(f.inputs[0].type, DataType::kFloat);
  EXPECT_EQ(*f.nodes[1].attr("Tin"), Types({kFloat}));
  const Function& g = frozen.graph.functions[1];
  EXPECT_EQ(*g.nodes[0].attr("T"), Type(kFloat));
  EXPECT_EQ(g.nodes[1].op, "Identity");
  ASSERT_EQ(g.returns.size(), 1u);
  EXPECT_EQ(g.returns[0].second, "r:output:0");
}

TEST(FreezeTest, LeavesVariablesWithoutAValueAsTheyAre) {
  GraphDef original;
  const std::string bytes = Graph({Variable("v"), Variable("never"), Call("a", "f", "never"),
                                   Read("r", "v"), NodeDef("y", "Add", {"a", "r"})},
                                  {FunctionDef("f", {Read("r", "v")}, "r:value:0")});
  ASSERT_TRUE(ReadGraphDef(bytes, &original).ok());
  Freezer freezer(original, {"y"});
  std::vector<GraphVariable> variables;
  ASSERT_TRUE(freezer.FindVariables(&variables).ok());
  EXPECT_EQ(variables.size(), 2u);
  std::string frozen;
  ASSERT_TRUE(freezer.Freeze({{"v", ThreeFloats()}}, &frozen).ok());
  GraphDef graph;
  ASSERT_TRUE(ReadGraphDef(frozen, &graph).ok());
  ASSERT_EQ(graph.functions.size(), 1u);
  EXPECT_EQ(graph.functions[0].name, "f");
  EXPECT_EQ(graph.functions[0].bytes, original.functions[0].bytes);
}

struct Refusal {
  std::string graph;
  std::string reason;
};

TEST(FreezeTest, SaysWhyAGraphCannotBeFrozen) {
  const std::vector<Refusal> refusals = {
      {Graph({Variable("v"), NodeDef("y", "AssignVariableOp", {"v", "v"})}),
       "a variable is used by AssignVariableOp"},
      {Graph({Variable("v"), NodeDef("y", "Pair", {"v", "v"}), NodeDef("z", "NoOp", {})}),
       "a variable is used by Pair"},
      {Graph({NodeDef("y", "HashTableV2", {})}), "it uses HashTableV2"},
      {Graph({NodeDef("x", "Const", {})}), "the graph lacks a node that it needs"},
      {Graph({NodeDef("y", "Neg", {"gone"})}), "the graph lacks a node that it needs"},
      {Graph({Variable("y")}), "a signature has a variable's handle"},
      {Graph({Variable("v"), Call("y", "gone", "v")}), "there is no function gone"},
      {Graph({Variable("v"), Call("y", "f", "v")},
             {FunctionDef("f", {Call("again", "f", "v")}, "again:output:0")}),
       "the function f calls itself"},
      {Graph({Variable("v"), Call("y", "f", "v")},
             {FunctionDef("f", {Variable("inside"), Read("r", "v")}, "r:value:0")}),
       "a function uses VarHandleOp"},
      {Graph({Variable("v"), NodeDef("i", "Identity", {"j"}, {{"T", Type(kResource)}}),
              NodeDef("j", "Identity", {"i"}, {{"T", Type(kResource)}}), Read("y", "j")}),
       "a variable is passed on too often"},
      {Graph({Variable("v"), NodeDef("y", "While", {"v"},
                                     {{"T", Types({kResource})},
                                      {"cond", graph::Func("f")},
                                      {"body", graph::Func("f")}})},
             {FunctionDef("f", {Read("r", "v")}, "r:value:0")}),
       "a loop passes on another variable than it takes"},
      {Graph({Variable("v"), NodeDef("y", "StatefulPartitionedCall", {"v"},
                                     {{"Tin", Types({kResource, kResource})},
                                      {"Tout", Types({})},
                                      {"f", graph::Func("f")}})}),
       "node y is malformed"},
      {Graph({NodeDef("v", "VariableV2", {}, {{"dtype", Type(kFloat)}}),
              NodeDef("y", "RefIdentity", {"v"})}),
       "a variable is used by RefIdentity"},
  };
  for (const Refusal& refusal : refusals) {
    const Frozen frozen(refusal.graph);
    EXPECT_EQ(frozen.status.code(), Code::kFailedPrecondition) << refusal.reason;
    EXPECT_EQ(frozen.status.message(), refusal.reason);
  }
}

TEST(FreezeTest, RefusesTruncatedGraphsWhereverTheyEnd) {
  const std::string whole = Graph({Variable("v"), Call("y", "f", "v")},
                                  {FunctionDef("f", {Read("r", "v")}, "r:value:0")});
  for (size_t size = 0; size < whole.size(); ++size) {
    const Frozen frozen(whole.substr(0, size));
    // Some prefixes are graphs: those that end between two fields.
    if (frozen.status.ok()) {
      EXPECT_NE(frozen.Find("y"), nullptr) << size;
    }
  }
}

TEST(FreezeTest, EndsCallsThatAreTooDeep) {
  std::string functions;
  for (int i = 0; i < 300; ++i) {
    const std::string next = "f" + std::to_string(i + 1);
    functions += proto::BytesField(
        1, FunctionDef("f" + std::to_string(i), {Call("c", next, "v")}, "c:output:0"));
  }
  functions += proto::BytesField(1, FunctionDef("f300", {Read("r", "v")}, "r:value:0"));
  const std::string graph =
      Graph({Variable("v"), Call("y", "f0", "v")}) + proto::BytesField(2, functions);
  EXPECT_EQ(Frozen(graph).status.message(), "functions call each other too deeply");
}

TEST(AttrValueTest, ReadsAndWritesFunctionsAndTypes) {
  const std::string nested =
      proto::BytesField(10, proto::BytesField(1, "f") +
                                proto::BytesField(2, graph::Entry("g", graph::Func("inner"))));
  std::vector<std::string_view> names;
  ASSERT_TRUE(FindFunctions(nested, &names));
  EXPECT_EQ(names, (std::vector<std::string_view>{"f", "inner"}));
  const std::string renamed = WithFunction(nested, "copy");
  names.clear();
  ASSERT_TRUE(FindFunctions(renamed, &names));
  EXPECT_EQ(names, (std::vector<std::string_view>{"copy", "inner"}));

  std::vector<DataType> types;
  ASSERT_TRUE(ReadTypeListAttr(TypeListAttr({DataType::kFloat, DataType::kResource}), &types));
  EXPECT_EQ(types, (std::vector<DataType>{DataType::kFloat, DataType::kResource}));
  types.clear();
  const std::string unpacked = proto::VarintField(6, 1) + proto::VarintField(6, 20);
  ASSERT_TRUE(ReadTypeListAttr(proto::BytesField(1, unpacked), &types));
  EXPECT_EQ(types, (std::vector<DataType>{DataType::kFloat, DataType::kResource}));

  std::string deep = graph::Func("f");
  for (int i = 0; i < 100; ++i) {
    deep = proto::BytesField(
        10, proto::BytesField(1, "f") + proto::BytesField(2, graph::Entry("g", deep)));
  }
  EXPECT_FALSE(FindFunctions(deep, &names));
}

}  // namespace
}  // namespace tensorgate
