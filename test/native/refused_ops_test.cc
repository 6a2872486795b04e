#include "graph/refused_ops.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "graph_builder.h"

namespace tensorgate {
namespace {

using graph::Call;
using graph::Func;
using graph::FunctionDef;
using graph::NodeDef;
using proto::BytesField;

const std::vector<RefusedOp> kRefused = {{"ReadFile", "", ""},
                                         {"PrintV2", "output_stream", "file:"}};

std::string Nodes(std::initializer_list<std::string> nodes) {
  std::string graph;
  for (const std::string& node : nodes) graph += BytesField(1, node);
  return graph;
}

std::string Library(std::initializer_list<std::string> functions) {
  std::string library;
  for (const std::string& function : functions) library += BytesField(1, function);
  return BytesField(2, library);
}

RefusedNodes Find(const std::vector<std::string>& parts) {
  RefusedNodes nodes;
  EXPECT_TRUE(FindRefusedNodes({parts.begin(), parts.end()}, kRefused, &nodes).ok());
  return nodes;
}

std::string Names(const RefusedNodes& nodes) {
  std::string names;
  for (const auto& [name, culprit] : nodes) names += name + " ";
  return names;
}

TEST(RefusedOpsTest, FollowsInputsAndControlInputs) {
  const RefusedNodes nodes = Find({Nodes({
      NodeDef("path", "Placeholder", {}),
      NodeDef("read", "ReadFile", {"path"}),
      NodeDef("use", "Identity", {"read:0"}),
      NodeDef("after", "NoOp", {"^use"}),
      NodeDef("last", "Identity", {"path", "^after"}),
      NodeDef("apart", "Identity", {"path:0"}),
  })});
  EXPECT_EQ(Names(nodes), "after last read use ");
  EXPECT_EQ(nodes.find("last")->second, "op \"ReadFile\" of node \"read\"");
}

TEST(RefusedOpsTest, LooksIntoFunctionsHoweverTheyAreCalled) {
  const std::string library = Library({FunctionDef("inner", {NodeDef("r", "ReadFile", {"v"})}, "r"),
                                       FunctionDef("outer", {Call("c", "inner", "v")}, "c"),
                                       FunctionDef("loop", {Call("c", "loop", "v")}, "c")});
  const std::string list = BytesField(1, BytesField(9, BytesField(1, "outer")));
  const std::string nested =
      BytesField(10, BytesField(1, "loop") + BytesField(2, graph::Entry("f", Func("inner"))));
  const RefusedNodes nodes = Find({Nodes({
                                       NodeDef("by_attr", "If", {}, {{"then", Func("outer")}}),
                                       NodeDef("by_list", "Case", {}, {{"branches", list}}),
                                       NodeDef("by_name", "inner", {}),
                                       NodeDef("by_nested", "Call", {}, {{"f", nested}}),
                                       NodeDef("by_none", "If", {}, {{"then", Func("loop")}}),
                                       NodeDef("by_unknown", "If", {}, {{"then", Func("gone")}}),
                                   }) +
                                   library});
  EXPECT_EQ(Names(nodes), "by_attr by_list by_name by_nested ");
  EXPECT_EQ(nodes.find("by_attr")->second, "op \"ReadFile\" of node \"r\" in function \"inner\"");
}

TEST(RefusedOpsTest, LooksAtTheTextOfAnAttributeWhereThatDecides) {
  const auto text = [](const char* stream) { return BytesField(2, stream); };
  EXPECT_EQ(Names(Find({Nodes({
                NodeDef("log", "PrintV2", {}, {{"output_stream", text("stderr")}}),
                NodeDef("file", "PrintV2", {}, {{"output_stream", text("file:///tmp/x")}}),
                NodeDef("end", "PrintV2", {}, {{"end", text("file:")}}),
            })})),
            "file ");
}

// What is there twice is merged by protobuf, or the last counts: here all of it counts.
TEST(RefusedOpsTest, IsNotMisledByFieldsThatAreThereTwice) {
  const std::string two_ops = NodeDef("a", "ReadFile", {}) + BytesField(2, "NoOp");
  const std::string two_values =
      BytesField(1, "f") + BytesField(2, Func("reads")) + BytesField(2, Func("harmless"));
  const std::string two_attrs = NodeDef("b", "If", {}) + BytesField(5, two_values);
  const std::string reads = FunctionDef("reads", {NodeDef("r", "ReadFile", {})}, "r");
  const std::string again = FunctionDef("reads", {NodeDef("r", "NoOp", {})}, "r");
  EXPECT_EQ(Names(Find({Nodes({two_ops}), Nodes({two_attrs}), Library({reads}), Library({again}),
                        Nodes({NodeDef("c", "Identity", {"a"})})})),
            "a b c ");
}

TEST(RefusedOpsTest, TakesTheGradientOfAFunctionForAPartOfIt) {
  const std::string reads = FunctionDef("grad", {NodeDef("r", "ReadFile", {})}, "r");
  const std::string plain = FunctionDef("plain", {NodeDef("n", "NoOp", {})}, "n");
  const std::string gradient =
      BytesField(2, BytesField(2, BytesField(1, "plain") + BytesField(2, "grad")));
  EXPECT_EQ(Names(Find({Nodes({NodeDef("g", "SymbolicGradient", {}, {{"f", Func("plain")}})}) +
                        Library({reads, plain}) + gradient})),
            "g ");
}

TEST(RefusedOpsTest, RefusesWhatIsMalformed) {
  RefusedNodes nodes;
  EXPECT_EQ(FindRefusedNodes({"\x0a\x05x"}, kRefused, &nodes).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace tensorgate
