// What is proven of the rows of TFLite and ONNX files, and which op stands against it.
#include "formats/file_graph.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "formats/onnx_graph.h"
#include "formats/onnx_model.h"
#include "formats/tflite_graph.h"
#include "formats/tflite_model.h"
#include "onnx_builder.h"
#include "rows/row_proof.h"
#include "tflite_builder.h"

namespace tensorgate {
namespace {

using onnx::Attr;
using Dims = std::vector<int64_t>;

// "OP reason" of what stands against independent rows of all outputs; empty where nothing does.
std::string Against(const ModelFile& file, const FileGraph& graph) {
  std::vector<ProofInput> inputs;
  for (size_t i = 0; i < file.inputs.size(); ++i) {
    inputs.push_back({graph.inputs[i], file.inputs[i].dims});
    inputs.back().dims[0] = -1;
  }
  const auto obstacle = FindObstacle(
      graph.graph, [](std::string_view, std::vector<OpOutput>*) { return false; }, inputs,
      graph.outputs);
  if (!obstacle) return "";
  if (obstacle->op.empty()) return "output " + obstacle->reason;
  return graph.origins.at(obstacle->node).op + " " + obstacle->reason;
}

std::string OnnxAgainst(const std::string& bytes) {
  ModelFile file;
  FileGraph graph;
  EXPECT_TRUE(ReadOnnxModel(bytes, &file).ok());
  const Status status = ReadOnnxGraph(bytes, file, &graph);
  return status.ok() ? Against(file, graph) : status.message();
}

// Of nodes from "x" [rows, 4] to "y", with some constants.
std::string Rows(std::vector<std::string> nodes, const Dims& dims = {-1, 4}, int64_t opset = 17) {
  return OnnxAgainst(onnx::Model(
      {std::move(nodes),
       {onnx::ValueInfo("x", dims)},
       {onnx::ValueInfo("y", {-1})},
       {onnx::Floats("w", {4, 3}), onnx::Floats("b", {3}), onnx::Floats("filter", {8, 4, 3, 3}),
        onnx::Floats("one", {}), onnx::Floats("channels", {4}), onnx::Numbers("0", {0}),
        onnx::Numbers("1", {1}), onnx::Numbers("3", {3}), onnx::Numbers("-1", {-1}),
        onnx::Numbers("end", {INT64_MAX}), onnx::Numbers("-1,8", {-1, 8}),
        onnx::Numbers("0,-1", {0, -1}), onnx::Numbers("pads", {0, 1, 0, 1}),
        onnx::Numbers("row pads", {1, 0, 0, 0}), onnx::Numbers("none", {}),
        onnx::Scalar("axis 0", 0), onnx::Scalar("axis 1", 1)},
       opset}));
}

// Of one op of "x".
std::string AgainstOne(std::string_view op, const std::string& attributes = "",
                       std::vector<std::string_view> more = {}, const Dims& dims = {-1, 4},
                       int64_t opset = 17) {
  more.insert(more.begin(), "x");
  return Rows({onnx::Node(op, more, {"y"}, attributes)}, dims, opset);
}

TEST(OnnxGraphTest, OpsThatKeepRowsApart) {
  const Dims image = {-1, 4, 8, 8};
  EXPECT_EQ(AgainstOne("Relu"), "");
  EXPECT_EQ(AgainstOne("Add", "", {"x"}), "");
  EXPECT_EQ(AgainstOne("Add", "", {"channels"}), "");
  EXPECT_EQ(AgainstOne("Clip", "", {"", "one"}), "");
  EXPECT_EQ(AgainstOne("MatMul", "", {"w"}), "");
  EXPECT_EQ(AgainstOne("Gemm", "", {"w", "b"}), "");
  EXPECT_EQ(AgainstOne("Softmax", Attr("axis", 1)), "");
  EXPECT_EQ(AgainstOne("Softmax", "", {}, {-1, 4}, 11), "") << "axis 1";
  EXPECT_EQ(AgainstOne("ReduceMean", Attr("axes", Dims{1})), "");
  EXPECT_EQ(AgainstOne("ReduceSum", "", {"-1"}), "");
  EXPECT_EQ(AgainstOne("ReduceMax", Attr("axes", Dims{2, 3}) + Attr("keepdims", 0), {}, image), "");
  EXPECT_EQ(AgainstOne("ArgMax", Attr("axis", 1) + Attr("keepdims", 0)), "");
  EXPECT_EQ(AgainstOne("ArgMax", Attr("axis", -1)), "");
  EXPECT_EQ(AgainstOne("CumSum", "", {"axis 1"}), "");
  EXPECT_EQ(AgainstOne("Concat", Attr("axis", 1), {"x"}), "");
  EXPECT_EQ(AgainstOne("Gather", Attr("axis", 1), {"0"}), "");
  EXPECT_EQ(AgainstOne("Slice", "", {"0", "3", "1"}), "");
  EXPECT_EQ(AgainstOne("Slice", "", {"0", "end", "0"}), "") << "all rows";
  EXPECT_EQ(AgainstOne("Pad", "", {"pads"}), "");
  EXPECT_EQ(AgainstOne("Flatten", "", {}, image), "");
  EXPECT_EQ(AgainstOne("Reshape", "", {"0,-1"}, image), "");
  EXPECT_EQ(AgainstOne("GlobalAveragePool", "", {}, image), "");
  EXPECT_EQ(
      AgainstOne("BatchNormalization", "", {"channels", "channels", "channels", "channels"}, image),
      "");
  EXPECT_EQ(AgainstOne("LayerNormalization", "", {"channels"}), "");
  EXPECT_EQ(AgainstOne("Dropout"), "");
  EXPECT_EQ(AgainstOne("TopK", "", {"1"}), "");
  EXPECT_EQ(AgainstOne("Unsqueeze", "", {"1"}), "");
}

TEST(OnnxGraphTest, OpsThatDoNot) {
  const Dims image = {-1, 4, 8, 8};
  EXPECT_EQ(AgainstOne("ReduceMean", Attr("axes", Dims{0})), "ReduceMean reduces over the rows");
  EXPECT_EQ(AgainstOne("ReduceMean", Attr("axes", Dims{-2})), "ReduceMean reduces over the rows");
  EXPECT_EQ(AgainstOne("ReduceMean"), "ReduceMean reduces over the rows") << "over all";
  EXPECT_EQ(AgainstOne("ReduceSum", "", {"none"}), "ReduceSum reduces over the rows") << "over all";
  EXPECT_EQ(AgainstOne("ReduceSum", "", {"0"}), "ReduceSum reduces over the rows");
  EXPECT_EQ(AgainstOne("Softmax", Attr("axis", 0)), "Softmax works along the rows");
  EXPECT_EQ(AgainstOne("Softmax", Attr("axis", 0), {}, {-1, 4}, 11),
            "Softmax works across the rows");
  EXPECT_EQ(AgainstOne("Softmax", Attr("axis", -2)), "Softmax works along the rows");
  EXPECT_EQ(AgainstOne("CumSum", "", {"axis 0"}), "CumSum works along the rows");
  EXPECT_EQ(AgainstOne("ArgMax"), "ArgMax looks across the rows") << "axis 0";
  EXPECT_EQ(AgainstOne("TopK", Attr("axis", 0), {"1"}), "TopK is not known to keep rows apart");
  EXPECT_EQ(AgainstOne("Concat", Attr("axis", 0), {"x"}), "Concat adds rows");
  EXPECT_EQ(AgainstOne("Gather", "", {"0"}), "Gather picks some of the rows");
  EXPECT_EQ(AgainstOne("Slice", "", {"1", "end", "0"}), "Slice takes some of the rows");
  EXPECT_EQ(AgainstOne("Slice", "", {"0", "3"}), "Slice takes some of the rows") << "axis 0";
  EXPECT_EQ(AgainstOne("Pad", "", {"row pads"}), "Pad adds rows");
  EXPECT_EQ(AgainstOne("Reshape", "", {"-1,8"}), "Reshape cuts rows to pieces");
  EXPECT_EQ(AgainstOne("Flatten", Attr("axis", 0)),
            "Flatten puts rows together with what is beside them");
  EXPECT_EQ(AgainstOne("BatchNormalization", Attr("training_mode", 1),
                       {"channels", "channels", "channels", "channels"}, image),
            "BatchNormalization is not known to keep rows apart");
  EXPECT_EQ(AgainstOne("LayerNormalization", Attr("axis", 0), {"channels"}),
            "LayerNormalization works across the rows");
  EXPECT_EQ(AgainstOne("Transpose", Attr("perm", Dims{1, 0})),
            "output has no row for each input row");
  EXPECT_EQ(AgainstOne("Size"), "output has no row for each input row");
  EXPECT_EQ(AgainstOne("Dropout", "", {"one", "one"}), "Dropout is not known to keep rows apart");
  EXPECT_EQ(AgainstOne("DynamicQuantizeLinear"),
            "DynamicQuantizeLinear is not known to keep rows apart");
  EXPECT_EQ(AgainstOne("RandomNormalLike"), "RandomNormalLike is not known to keep rows apart");
  EXPECT_EQ(AgainstOne("NonZero"), "NonZero is not known to keep rows apart");
  EXPECT_EQ(AgainstOne("Relu", proto::BytesField(7, "mine")),
            "mine.Relu is not known to keep rows apart");
}

TEST(OnnxGraphTest, FollowsRowsThroughSeveral) {
  EXPECT_EQ(Rows({onnx::Node("Transpose", {"x"}, {"t"}, Attr("perm", Dims{1, 0})),
                  onnx::Node("Softmax", {"t"}, {"s"}, Attr("axis", -1)),
                  onnx::Node("Transpose", {"s"}, {"y"}, Attr("perm", Dims{1, 0}))}),
            "Softmax works along the rows");
  EXPECT_EQ(Rows({onnx::Node("MatMul", {"x", "w"}, {"a"}),
                  onnx::Node("Transpose", {"a"}, {"t"}, Attr("perm", Dims{1, 0})),
                  onnx::Node("MatMul", {"t", "x"}, {"y"})}),
            "MatMul sums over the rows");
  // As PyTorch writes x.view(x.size(0), -1).
  const std::vector<std::string> view = {
      onnx::Node("Shape", {"x"}, {"shape"}), onnx::Node("Gather", {"shape", "axis 0"}, {"rows"}),
      onnx::Node("Unsqueeze", {"rows", "0"}, {"rows1"}),
      onnx::Node("Concat", {"rows1", "-1"}, {"wanted"}, Attr("axis", 0)),
      onnx::Node("Reshape", {"x", "wanted"}, {"y"})};
  EXPECT_EQ(Rows(view, {-1, 4, 2, 2}), "");
  EXPECT_EQ(Rows({onnx::Node("Shape", {"x"}, {"shape"}),
                  onnx::Node("Cast", {"shape"}, {"s"}, Attr("to", 1)),
                  onnx::Node("ReduceProd", {"s"}, {"p"}), onnx::Node("Mul", {"x", "p"}, {"y"})}),
            "ReduceProd gets the number of rows");
}

TEST(OnnxGraphTest, KnowsTheSizesOfImages) {
  // [rows, 4, 9, 9], by 3 x 3 and strides of 2 to [rows, 8, 5, 5], pooled to 2 x 2: 32 in a row.
  const std::vector<std::string> nodes = {
      onnx::Node("Conv", {"x", "filter"}, {"c"},
                 Attr("pads", Dims{1, 1, 1, 1}) + Attr("strides", Dims{2, 2})),
      onnx::Node("MaxPool", {"c"}, {"p"},
                 Attr("kernel_shape", Dims{2, 2}) + Attr("strides", Dims{2, 2})),
      onnx::Node("Reshape", {"p", "-1,8"}, {"y"})};
  EXPECT_EQ(Rows(nodes, {-1, 4, 9, 9}), "output has no row for each input row") << "four each";
  EXPECT_EQ(Rows(nodes, {-1, 4, 5, 5}), "") << "[rows, 8, 3, 3], [rows, 8, 1, 1]";
}

TEST(OnnxGraphTest, RefusesWhatItCannotFollow) {
  EXPECT_EQ(Rows({onnx::Node("Relu", {"x"}, {"y"})}, {-1, 4}, 6),
            "the graph of the ONNX file cannot be followed: it is of opset 6, expected 7 or later");
  EXPECT_EQ(Rows({onnx::Node("Relu", {"x"}, {"y"}), onnx::Node("Relu", {"x"}, {"y"})}),
            "the graph of the ONNX file cannot be followed: it is malformed, or too large");
  const std::string model = onnx::Model({{onnx::Node("Relu", {"x"}, {"y"})},
                                         {onnx::ValueInfo("x", {-1})},
                                         {onnx::ValueInfo("y", {-1})}});
  EXPECT_EQ(OnnxAgainst(model), "");
  EXPECT_EQ(OnnxAgainst(model + proto::BytesField(25, "")),
            "the graph of the ONNX file cannot be followed: it has functions of its own");
  EXPECT_EQ(Rows({onnx::Node("Relu", {"nowhere"}, {"y"})}), "Relu is not known to keep rows apart");
}

std::string LiteAgainst(const std::string& bytes) {
  ModelFile file;
  FileGraph graph;
  EXPECT_TRUE(ReadTfliteModel(bytes, &file).ok());
  const Status status = ReadTfliteGraph(bytes, file, &graph);
  return status.ok() ? Against(file, graph) : status.message();
}

// Of a file that TensorFlow's converter has written; see scripts/make-model-files.py.
std::string Converted(const std::string& name) {
  std::ifstream file(
      std::string(TENSORGATE_SOURCE_DIR) + "/test/models/lite_rows/" + name + ".tflite",
      std::ios::binary);
  EXPECT_TRUE(file) << name;
  return LiteAgainst(std::string(std::istreambuf_iterator<char>(file), {}));
}

TEST(TfliteGraphTest, OpsThatKeepRowsApart) {
  for (const char* name : {"broadcast", "concat", "cumsum", "gather", "matmul", "mean", "norm",
                           "pad", "reshape", "slice", "softmax", "split", "tile", "transpose"}) {
    EXPECT_EQ(Converted(std::string("apart_") + name), "") << name;
  }
}

TEST(TfliteGraphTest, OpsThatDoNot) {
  const std::pair<const char*, const char*> expected[] = {
      {"all", "REDUCE_MAX reduces over the rows"},
      {"cumsum", "CUMSUM works along the rows"},
      {"gather", "GATHER looks rows up by those of others"},
      {"matmul", "FULLY_CONNECTED is not known to keep rows apart"},
      {"mean", "MEAN reduces over the rows"},
      {"range", "RANGE numbers the rows"},
      {"reshape", "RESHAPE cuts rows to pieces"},
      {"reverse", "REVERSE_V2 works along the rows"},
      {"shape", "MUL gets the number of rows"},
      {"slice", "STRIDED_SLICE takes some of the rows"},
      {"softmax", "SOFTMAX works across the rows"},
      {"sort", "TOPK_V2 looks across the rows"},
  };
  for (const auto& [name, against] : expected) {
    EXPECT_EQ(Converted(std::string("together_") + name), against);
  }
}

// One op of TFLite's that number from "x" [rows, 4] to "y"; `of_x`: further fields of the tensor.
std::string LiteOp(int32_t builtin, const std::vector<tflite::Field>& of_y = {}) {
  using namespace tflite;
  const std::vector<Field> x = {
      {0, tflite::Numbers(std::vector<int32_t>{1, 4})}, {1, Number(kFloat32)}, {3, Text("x")}};
  std::vector<Field> y = {
      {0, tflite::Numbers(std::vector<int32_t>{1, 4})}, {1, Number(kFloat32)}, {3, Text("y")}};
  y.insert(y.end(), of_y.begin(), of_y.end());
  const Object op = Table({{0, Number(uint32_t{0})},
                           {1, tflite::Numbers(std::vector<int32_t>{0})},
                           {2, tflite::Numbers(std::vector<int32_t>{1})}});
  const Object graph = Table({{0, Objects({Table(x), Table(y)})},
                              {1, tflite::Numbers(std::vector<int32_t>{0})},
                              {2, tflite::Numbers(std::vector<int32_t>{1})},
                              {3, Objects({op})}});
  return tflite::Model({graph},
                       {{1, Objects({Table({{3, Number(builtin)}})})}, {4, Objects({Table({})})}});
}

TEST(TfliteGraphTest, NamesWhatItDoesNotKnow) {
  EXPECT_EQ(LiteAgainst(LiteOp(19)), "") << "RELU, of the one row that the file says";
  EXPECT_EQ(LiteAgainst(LiteOp(119)), "WHILE is not known to keep rows apart");
  EXPECT_EQ(LiteAgainst(LiteOp(146)), "RANDOM_STANDARD_NORMAL is not known to keep rows apart");
  EXPECT_EQ(LiteAgainst(LiteOp(1000)), "builtin op 1000 is not known to keep rows apart");
}

TEST(TfliteGraphTest, RefusesScalesOfParts) {
  const auto scales = [](const std::vector<float>& values) {
    return tflite::Field(4, tflite::Table({{2, tflite::Numbers(values)}}));
  };
  constexpr int32_t kQuantize = 114;
  EXPECT_EQ(LiteAgainst(LiteOp(kQuantize, {scales({0.5f})})), "");
  EXPECT_EQ(LiteAgainst(LiteOp(kQuantize, {scales({0.5f, 1})})),
            "QUANTIZE is not known to keep rows apart");
}

TEST(TfliteGraphTest, RefusesTensorsThatAreMadeTwice) {
  const std::string bytes = LiteOp(19, {{2, tflite::Number(uint32_t{0})}});
  EXPECT_EQ(LiteAgainst(bytes), "");
  ModelFile file;
  FileGraph graph;
  EXPECT_EQ(ReadTfliteGraph("TFL3", file, &graph).message(),
            "the graph of the TFLite file cannot be followed: it is malformed");
}

}  // namespace
}  // namespace tensorgate
