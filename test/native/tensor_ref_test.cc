#include "graph/tensor_ref.h"

#include <gtest/gtest.h>

namespace tensorgate {
namespace {

void Expect(const TensorRef& ref, std::string_view node, std::string_view output, int index,
            bool is_argument) {
  EXPECT_EQ(ref.node, node);
  EXPECT_EQ(ref.output, output);
  EXPECT_EQ(ref.index, index);
  EXPECT_EQ(ref.is_argument, is_argument);
}

TEST(TensorRefTest, IsOfANodeInAGraph) {
  Expect(ParseTensorRef("node", false), "node", "", 0, false);
  Expect(ParseTensorRef("a/node:12", false), "a/node", "", 12, false);
}

TEST(TensorRefTest, IsOfAnArgumentOrOfANamedOutputInAFunction) {
  Expect(ParseTensorRef("argument", true), "argument", "", 0, true);
  Expect(ParseTensorRef("node:output", true), "node", "output", 0, false);
  Expect(ParseTensorRef("node:output:3", true), "node", "output", 3, false);
}

TEST(TensorRefTest, HasNoNodeWhereTheIndexIsNone) {
  for (const char* tensor : {"node:x", "node:-1", "node:1:2", "node:99999999999999999999"}) {
    EXPECT_EQ(ParseTensorRef(tensor, false).node, "") << tensor;
  }
  EXPECT_EQ(ParseTensorRef("node:output:x", true).node, "");
}

}  // namespace
}  // namespace tensorgate
