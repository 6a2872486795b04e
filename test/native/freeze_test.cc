#include "graph/freeze.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "graph/attr_value.h"
#include "graph/expression_hash.h"
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
  explicit Frozen(const std::string& serialized, uint64_t least_resident = UINT64_MAX) {
    GraphDef original;
    status = ReadGraphDef(serialized, &original);
    if (!status.ok()) return;
    Freezer freezer(original, {"y"});
    std::vector<GraphVariable> variables;
    status = freezer.FindVariables(&variables);
    std::map<std::string_view, TensorView> values;
    for (const GraphVariable& variable : variables) values[variable.name] = ThreeFloats();
    if (status.ok()) status = freezer.Freeze(values, least_resident, &bytes, &weights);
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
  std::vector<FrozenWeight> weights;
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

TEST(FreezeTest, KeepsLargeVariablesResident) {
  const std::string graph = Graph({Variable("v"), Read("r", "v"), NodeDef("y", "Neg", {"r"})});
  const Frozen small(graph, 3 * sizeof(float) + 1);
  EXPECT_EQ(small.Find("v")->op, "Const");
  EXPECT_TRUE(small.weights.empty());

  const Frozen frozen(graph, 3 * sizeof(float));
  ASSERT_TRUE(frozen.status.ok()) << frozen.status.message();
  EXPECT_EQ(frozen.Find("r")->op, "Identity") << "all that follows is as with a constant";
  const Node* read = frozen.Find("v");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->op, "ReadVariableOp");
  const Node* variable = frozen.Find(read->inputs.at(0));
  ASSERT_NE(variable, nullptr);
  EXPECT_EQ(variable->op, "VarHandleOp");
  EXPECT_EQ(*variable->attr("shape"), proto::BytesField(7, proto::Dim(3)));
  size_t number = 99;
  EXPECT_TRUE(IsResident(*variable, &number));
  EXPECT_EQ(number, 0u);
  ASSERT_EQ(frozen.weights.size(), 1u);
  EXPECT_EQ(frozen.weights[0].variable, "v");
  EXPECT_EQ(frozen.weights[0].weight.number, 0u);
  const Node* assign = frozen.Find(frozen.weights[0].weight.assign);
  ASSERT_NE(assign, nullptr);
  EXPECT_EQ(assign->inputs.at(0), variable->name);
  EXPECT_EQ(std::string(assign->inputs.at(1)) + ":0", frozen.weights[0].weight.value);
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
  std::vector<FrozenWeight> weights;
  ASSERT_TRUE(freezer.Freeze({{"v", ThreeFloats()}}, UINT64_MAX, &frozen, &weights).ok());
  GraphDef graph;
  ASSERT_TRUE(ReadGraphDef(frozen, &graph).ok());
  ASSERT_EQ(graph.functions.size(), 1u);
  EXPECT_EQ(graph.functions[0].name, "f");
  EXPECT_EQ(graph.functions[0].bytes, original.functions[0].bytes);
}

struct FreezeRefusal {
  std::string graph;
  std::string reason;
};

TEST(FreezeTest, SaysWhyAGraphCannotBeFrozen) {
  const std::vector<FreezeRefusal> refusals = {
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
  for (const FreezeRefusal& refusal : refusals) {
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

uint64_t HashOf(const std::string& serialized, const std::string& feed, const std::string& fetch) {
  GraphDef graph;
  EXPECT_TRUE(ReadGraphDef(serialized, &graph).ok());
  std::vector<uint64_t> hashes;
  ExpressionHashes expressions(graph);
  return expressions.Of({feed}, {fetch}, &hashes) ? hashes[0] : 0;
}

TEST(ExpressionHashTest, IsTheSameForWhatDiffersInNamesOnly) {
  const auto placeholder = [](const char* name) {
    return NodeDef(name, "Placeholder", {}, {{"dtype", Type(kFloat)}, {"_user", Type(1)}});
  };
  const std::string body = "r:value:0";
  const std::string graph = Graph(
      {placeholder("a"), placeholder("b"), Variable("v"), Variable("w"), Call("f1", "f", "v"),
       Call("g1", "g", "v"), Call("h1", "h", "v"), Call("f2", "f", "w"),
       NodeDef("y1", "Sub", {"a", "f1"}), NodeDef("y2", "Sub", {"b", "g1"}),
       NodeDef("swapped", "Sub", {"g1", "b"}), NodeDef("other_op", "Add", {"b", "g1"}),
       NodeDef("other_attr", "Sub", {"b", "g1"}, {{"T", Type(3)}}),
       NodeDef("other_body", "Sub", {"b", "h1"}), NodeDef("other_variable", "Sub", {"b", "f2"}),
       NodeDef("other_output", "Sub", {"b", "g1:1"}),
       NodeDef("controlled", "Sub", {"b", "g1", "^h1"})},
      {FunctionDef("f", {Read("r", "v")}, body),
       FunctionDef("g", {Read("another_name", "v")}, "another_name:value:0"),
       FunctionDef("h", {Read("r", "v"), NodeDef("n", "Neg", {body})}, "n:y:0")});
  const uint64_t hash = HashOf(graph, "a:0", "y1:0");
  EXPECT_NE(hash, 0u);
  EXPECT_EQ(HashOf(graph, "b:0", "y2:0"), hash);
  for (const char* other : {"swapped", "other_op", "other_attr", "other_body", "other_variable",
                            "other_output", "controlled"}) {
    EXPECT_NE(HashOf(graph, "b:0", std::string(other) + ":0"), hash) << other;
    EXPECT_NE(HashOf(graph, "b:0", std::string(other) + ":0"), 0u) << other;
  }
  EXPECT_NE(HashOf(graph, "a:0", "y2:0"), hash) << "b is not fed";
}

TEST(ExpressionHashTest, MayKnowVariablesByTheirOrder) {
  const auto named = [](const char* name) {
    return NodeDef(name, "VarHandleOp", {},
                   {{"dtype", Type(kFloat)}, {"shared_name", proto::BytesField(2, name)}});
  };
  const auto hashes_of = [&](const char* first, const char* second, bool swaps) {
    const std::string serialized =
        Graph({NodeDef("x", "Placeholder", {}), named(first), named(second), Read("r", first),
               Read("s", second), NodeDef("a", "Add", {"x", "r"}),
               NodeDef("b", "Mul", {"a", swaps ? "r" : "s"}),
               NodeDef("c", "Mul", {"b", swaps ? "s" : "r"})});
    GraphDef graph;
    EXPECT_TRUE(ReadGraphDef(serialized, &graph).ok());
    std::vector<uint64_t> hashes;
    ExpressionHashes expressions(graph, VariablesBy::kOrder);
    EXPECT_TRUE(expressions.Of({"x:0"}, {"c:0"}, &hashes));
    return hashes;
  };
  EXPECT_EQ(hashes_of("v", "w", false), hashes_of("w_1", "v_1", false));
  EXPECT_NE(hashes_of("v", "w", false), hashes_of("v", "w", true)) << "another one is used twice";
}

TEST(ExpressionHashTest, EndsInLoopsOfNodesAndOfFunctions) {
  const std::string loop =
      Graph({NodeDef("a", "Merge", {"b"}), NodeDef("b", "NextIteration", {"a"}),
             NodeDef("x", "Placeholder", {})});
  EXPECT_NE(HashOf(loop, "x:0", "b:0"), 0u);
  const std::string recursive =
      Graph({Variable("v"), Call("y", "f", "v"), NodeDef("x", "Placeholder", {})},
            {FunctionDef("f", {Call("again", "f", "v")}, "again:output:0")});
  EXPECT_EQ(HashOf(recursive, "x:0", "y:0"), 0u);
  EXPECT_EQ(HashOf(recursive, "x:0", "gone:0"), 0u);
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
