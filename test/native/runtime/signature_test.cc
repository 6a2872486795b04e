#include "model/signature.h"

#include <gtest/gtest.h>

#include <string>

namespace tensorgate {
namespace {

// A length-delimited field.
std::string Field(int number, const std::string& bytes) {
  std::string out;
  out += static_cast<char>(number << 3 | 2);
  out += static_cast<char>(bytes.size());
  return out + bytes;
}

std::string Number(int number, char value) {
  return std::string() + static_cast<char>(number << 3) + value;
}

// x: float [-1, 3] on the tensor x:0; `serving_default` has it as an input and nothing else.
std::string TestGraph() {
  const std::string minus_one = std::string("\x08") + std::string(9, '\xff') + '\x01';
  const std::string shape = Field(2, minus_one) + Field(2, Number(1, 3));
  const std::string info = Field(1, "x:0") + Number(2, 1) + Field(3, shape);
  const std::string input = Field(1, Field(1, "x") + Field(2, info));
  const std::string signature = input + Field(3, "tensorflow/serving/predict");
  return Field(2, "ignored graph") + Field(5, Field(1, "serving_default") + Field(2, signature));
}

TEST(ReadMetaGraphTest, ReadsSignaturesAndKeepsTheirBytes) {
  MetaGraph graph;
  ASSERT_TRUE(ReadMetaGraph(TestGraph(), &graph).ok());
  ASSERT_EQ(graph.signatures.size(), 1u);
  const SignatureDef& def = graph.signatures[0];
  EXPECT_EQ(def.name, "serving_default");
  EXPECT_EQ(def.method_name, "tensorflow/serving/predict");
  ASSERT_EQ(def.inputs.size(), 1u);
  EXPECT_EQ(def.inputs[0].tensor_name, "x:0");
  EXPECT_EQ(def.inputs[0].dtype, DataType::kFloat);
  EXPECT_FALSE(def.inputs[0].unknown_rank);
  EXPECT_EQ(def.inputs[0].dims, (std::vector<int64_t>{-1, 3}));
  EXPECT_TRUE(def.outputs.empty());
  // Field 5 of MetaGraphDef and field 1 of SignatureDefMap are maps of the same entries.
  const std::string graph_bytes = TestGraph();
  const std::string entry = graph_bytes.substr(Field(2, "ignored graph").size() + 1);
  EXPECT_EQ(graph.signature_def_map, "\x0a" + entry);
}

TEST(ReadMetaGraphTest, RefusesBytesCutAnywhereButAtAFieldsEnd) {
  const std::string whole = TestGraph();
  const size_t first_field = Field(2, "ignored graph").size();
  for (size_t size = 1; size < whole.size(); ++size) {
    if (size == first_field) continue;
    MetaGraph graph;
    const Status status = ReadMetaGraph(whole.substr(0, size), &graph);
    EXPECT_EQ(status.code(), Code::kDataLoss) << size;
  }
}

}  // namespace
}  // namespace tensorgate
