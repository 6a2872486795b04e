// What is read in TFLite and ONNX files, and what is refused.
#include <gtest/gtest.h>

#include "files/mapped_file.h"
#include "formats/flexbuffer_map.h"
#include "formats/onnx_model.h"
#include "formats/tflite_model.h"
#include "formats/tflite_subgraphs.h"
#include "openvino_models.h"
#include "tflite_builder.h"

namespace tensorgate {
namespace {

using FileDims = std::vector<int64_t>;

ModelFile Lite(const std::string& bytes) {
  ModelFile file;
  const Status status = ReadTfliteModel(bytes, &file);
  EXPECT_TRUE(status.ok()) << status.message();
  return file;
}

std::string LiteError(const std::string& bytes) {
  ModelFile file;
  const Status status = ReadTfliteModel(bytes, &file);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  return status.message();
}

const char kNoLiteModel[] = "Cannot build FlatBufferModel from buffer.";

TEST(TfliteModelTest, HasTensorsWithNamesTypesAndShapes) {
  const ModelFile file = Lite(tflite::Model({tflite::SumGraph()}));
  ASSERT_EQ(file.inputs.size(), 2u);
  EXPECT_EQ(file.inputs[0].name, "a");
  EXPECT_EQ(file.inputs[0].dtype, DataType::kFloat);
  EXPECT_EQ(file.inputs[0].dims, (FileDims{-1, 2})) << "the signature's, not the last used";
  EXPECT_FALSE(file.inputs[0].unknown_rank);
  EXPECT_EQ(file.inputs[1].name, "b:0");
  EXPECT_EQ(file.inputs[1].alias, "b");
  EXPECT_EQ(file.inputs[1].dtype, DataType::kInt64);
  EXPECT_EQ(file.inputs[1].dims, (FileDims{1}));
  ASSERT_EQ(file.outputs.size(), 2u);
  EXPECT_EQ(file.outputs[0].alias, "sum:0") << "without :0 it would be the other's";
  EXPECT_EQ(file.outputs[1].alias, "sum:1");
  EXPECT_TRUE(file.outputs[1].unknown_rank);
  EXPECT_TRUE(file.signatures.empty());
  EXPECT_TRUE(file.signature_defs.empty());
}

TEST(TfliteModelTest, HasSignaturesOfItsFirstGraph) {
  const auto signature = [](const char* key, uint32_t graph) {
    return tflite::Signature(key, {tflite::Alias("left", 0), tflite::Alias("right", 1)},
                             {tflite::Alias("total", 2)}, graph);
  };
  const ModelFile file = Lite(tflite::Model(
      {tflite::SumGraph(), tflite::SumGraph()},
      {{7, tflite::Objects({signature("other", 1), signature("serving_default", 0)})}}));
  ASSERT_EQ(file.signatures.size(), 1u);
  EXPECT_EQ(file.signatures[0].name, "serving_default");
  ASSERT_EQ(file.signatures[0].inputs.size(), 2u);
  EXPECT_EQ(file.signatures[0].inputs[1].alias, "right");
  EXPECT_EQ(file.signatures[0].inputs[1].name, "b:0");
  ASSERT_EQ(file.signatures[0].outputs.size(), 1u);
  EXPECT_EQ(file.signatures[0].outputs[0].name, "sum:0");
}

TEST(TfliteModelTest, HasTheSignaturesOfItsMetadataBeforeOthers) {
  const std::string bytes =
      tflite::WithMetadata(tflite::SumGraph(), tflite::FlexMap("serving_default", "definition"));
  const ModelFile file = Lite(bytes);
  ASSERT_EQ(file.signature_defs.size(), 1u);
  EXPECT_EQ(file.signature_defs[0].first, "serving_default");
  EXPECT_EQ(file.signature_defs[0].second, "definition");
  for (const char* broken : {"", "abc", "\x24\x24\x24\x24"}) {
    EXPECT_EQ(LiteError(tflite::WithMetadata(tflite::SumGraph(), broken)),
              "Invalid SignatureDefs found in TfLite model: Error reading signature def map");
  }
}

TEST(TfliteModelTest, RefusesWhatIsNone) {
  EXPECT_EQ(LiteError(""), kNoLiteModel);
  EXPECT_EQ(LiteError(std::string(100, '\0')), kNoLiteModel);
  EXPECT_EQ(LiteError(tflite::Model({})), kNoLiteModel);
  std::string other = tflite::Model({tflite::SumGraph()});
  other[7] = '9';
  EXPECT_EQ(LiteError(other), kNoLiteModel);
  EXPECT_EQ(LiteError(tflite::Model({tflite::Graph({}, {0}, {})})), kNoLiteModel)
      << "an input that is no tensor";
  EXPECT_EQ(LiteError(tflite::Model({tflite::Graph({}, {-1}, {})})), kNoLiteModel);
}

TEST(TfliteModelTest, ReadsOrRefusesEveryPartOfAFile) {
  const std::string bytes =
      tflite::Model({tflite::SumGraph()},
                    {{7, tflite::Objects({tflite::Signature("s", {tflite::Alias("x", 0)}, {})})}});
  for (size_t size = 0; size < bytes.size(); ++size) {
    ModelFile file;  // a copy: what lies beyond its end is not the file's
    (void)ReadTfliteModel(std::string(bytes.data(), size), &file);
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string changed = bytes;
      changed[at] = value;
      ModelFile file;
      (void)ReadTfliteModel(changed, &file);
    }
  }
}

TEST(TfliteModelTest, LimitsWhatItCopies) {
  const auto graph = [](size_t count, const std::string& name, size_t rank) {
    return tflite::Model(
        {tflite::Graph({tflite::Tensor(name, tflite::kFloat32, std::vector<int32_t>(rank, 1))},
                       std::vector<int32_t>(count, 0), {})});
  };
  Lite(graph(kMaxFileTensors, "x", 1));
  EXPECT_EQ(LiteError(graph(kMaxFileTensors + 1, "x", 1)),
            "The TFLite model has more than 4096 inputs or outputs");
  Lite(graph(1, std::string(kMaxFileName, 'x'), 254));
  EXPECT_EQ(LiteError(graph(1, std::string(kMaxFileName + 1, 'x'), 1)),
            "The TFLite model has more than 1024 bytes in a tensor's name");
  EXPECT_EQ(LiteError(graph(1, "x", 255)), "The TFLite model has more than 254 dimensions");
}

TEST(FlexMapTest, ReadsTextsByTheirKeys) {
  std::vector<std::pair<std::string_view, std::string_view>> entries;
  const std::string text("a\0b", 3);
  const std::string bytes = tflite::FlexMap("key", text);
  ASSERT_TRUE(ReadFlexMap(bytes, 1, &entries));
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].first, "key");
  EXPECT_EQ(entries[0].second, text);
  entries.clear();
  EXPECT_FALSE(ReadFlexMap(bytes, 0, &entries)) << "more than are allowed";
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = '\xff';
    entries.clear();
    (void)ReadFlexMap(changed, 1, &entries);
    entries.clear();
    (void)ReadFlexMap(std::string(bytes.data(), at), 1, &entries);
  }
}

ModelFile Onnx(const std::string& bytes) {
  ModelFile file;
  const Status status = ReadOnnxModel(bytes, &file);
  EXPECT_TRUE(status.ok()) << status.message();
  return file;
}

TEST(OnnxModelTest, HasInputsAndOutputsWithNamesTypesAndShapes) {
  using namespace openvino_test;
  const std::string map_type = proto::BytesField(2, proto::BytesField(5, ""));
  const ModelFile file =
      Onnx(OnnxModel({OnnxNode("Add", {"x", "w"}, "y")},
                     {OnnxValue("x", kOnnxFloat, {-1, 3}), proto::BytesField(1, "any")},
                     {OnnxValue("y", kOnnxInt64, {}), proto::BytesField(1, "map") + map_type}));
  ASSERT_EQ(file.inputs.size(), 2u);
  EXPECT_EQ(file.inputs[0].alias, "x");
  EXPECT_EQ(file.inputs[0].name, "x");
  EXPECT_EQ(file.inputs[0].dtype, DataType::kFloat);
  EXPECT_EQ(file.inputs[0].dims, (FileDims{-1, 3}));
  EXPECT_FALSE(file.inputs[0].unknown_rank);
  EXPECT_TRUE(file.inputs[1].unknown_rank);
  ASSERT_EQ(file.outputs.size(), 2u);
  EXPECT_EQ(file.outputs[0].dtype, DataType::kInt64);
  EXPECT_FALSE(file.outputs[0].unknown_rank) << "a scalar";
  EXPECT_EQ(file.outputs[1].dtype, DataType::kInvalid) << "no tensor";
}

TEST(OnnxModelTest, LeavesOutInputsThatHaveAValue) {
  using namespace openvino_test;
  std::string graph;
  for (const char* name : {"x", "dense", "sparse"}) {
    graph += proto::BytesField(11, OnnxValue(name, kOnnxFloat, {2}));
  }
  graph += proto::BytesField(5, proto::BytesField(8, "dense"));
  graph += proto::BytesField(15, proto::BytesField(1, proto::BytesField(8, "sparse")));
  const ModelFile file = Onnx(proto::BytesField(7, graph));
  ASSERT_EQ(file.inputs.size(), 1u);
  EXPECT_EQ(file.inputs[0].name, "x");
}

TEST(OnnxModelTest, RefusesWhatIsNone) {
  using namespace openvino_test;
  for (const std::string& bytes :
       {std::string(), std::string("text"), proto::VarintField(1, 8),
        SumOnnx().substr(0, SumOnnx().size() / 2),
        OnnxModel({}, {OnnxValue(std::string(kMaxFileName + 1, 'x'), 1, {1})}, {}),
        OnnxModel({}, {OnnxValue("x", 1, FileDims(255, 1))}, {})}) {
    ModelFile file;
    const Status status = ReadOnnxModel(bytes, &file);
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_EQ(status.message(), "The file is no ONNX model");
  }
}

TEST(MappedFileTest, SaysWhyAFileCannotBeRead) {
  MappedFile gone, folder;
  EXPECT_EQ(gone.Open("/no/such/file").code(), Code::kNotFound);
  EXPECT_EQ(gone.bytes(), "");
  EXPECT_EQ(folder.Open("/tmp").message(), "/tmp is no regular file");
}

// Graphs of one tensor each, "first" and "second", the second with an op of that number; a
// signature for each.
std::string TwoGraphs(int32_t builtin) {
  const tflite::Object op = tflite::Table({{0, tflite::Number(uint32_t{0})}});
  const std::vector<int32_t> only = {0};
  const tflite::Object second =
      tflite::Table({{0, tflite::Objects({tflite::Tensor("second", tflite::kFloat32, {1, 3})})},
                     {1, tflite::Numbers(only)},
                     {2, tflite::Numbers(only)},
                     {3, tflite::Objects({op})}});
  return tflite::Model(
      {tflite::Graph({tflite::Tensor("first", tflite::kFloat32, {1, 2})}, {0}, {0}), second},
      {{1, tflite::Objects({tflite::Table({{3, tflite::Number(builtin)}})})},
       {7, tflite::Objects(
               {tflite::Signature("a", {tflite::Alias("in", 0)}, {tflite::Alias("out", 0)}),
                tflite::Signature("b", {tflite::Alias("in", 0)}, {tflite::Alias("out", 0)}, 1),
                tflite::Signature("c", {}, {}, 2)})}});
}

TEST(TfliteSubgraphsTest, ReadsEachGraphByItself) {
  const std::string bytes = TwoGraphs(0);
  std::vector<uint32_t> graphs;
  ASSERT_TRUE(FindFurtherGraphs(bytes, &graphs).ok());
  EXPECT_EQ(graphs, std::vector<uint32_t>{1}) << "there is no third";
  ModelFile second;
  ASSERT_TRUE(ReadTfliteModel(bytes, &second, 1).ok());
  ASSERT_EQ(second.signatures.size(), 1u);
  EXPECT_EQ(second.signatures[0].name, "b");
  EXPECT_EQ(second.signatures[0].inputs[0].name, "second");
  EXPECT_EQ(second.inputs[0].dims, (FileDims{1, 3}));
}

TEST(TfliteSubgraphsTest, PutsAnotherGraphFirst) {
  std::string bytes = TwoGraphs(0);
  TflitePatch patch;
  ASSERT_TRUE(PutGraphFirst(bytes, 1, &patch).ok());
  tflite::Patch(&bytes, patch.at, patch.value);
  const ModelFile file = Lite(bytes);
  EXPECT_EQ(file.inputs[0].name, "second");
}

TEST(TfliteSubgraphsTest, RefusesOpsThatNameGraphs) {
  TflitePatch patch;
  const Status status = PutGraphFirst(TwoGraphs(119), 1, &patch);
  EXPECT_EQ(status.code(), Code::kUnimplemented);
  EXPECT_NE(status.message().find("has the op WHILE"), std::string::npos) << status.message();
  EXPECT_NE(PutGraphFirst(TwoGraphs(197), 1, &patch).message().find("has the op builtin op 197"),
            std::string::npos);
  EXPECT_EQ(PutGraphFirst(TwoGraphs(0), 2, &patch).code(), Code::kInvalidArgument);
  EXPECT_EQ(PutGraphFirst("TFL3", 0, &patch).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace tensorgate
