// TFLite and ONNX files as servables, beside TensorFlow in one process.
#include "servables/openvino_servable.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "../onnx_builder.h"
#include "../openvino_models.h"
#include "tf/tensor.h"
#include "warmup/row_trial.h"

namespace tensorgate {
namespace {

using openvino_test::kOnnxFloat;
using openvino_test::kOnnxInt64;
using openvino_test::OnnxModel;
using openvino_test::OnnxNode;
using openvino_test::OnnxValue;
using Sizes = std::vector<int64_t>;

class OpenVinoServableTest : public testing::Test {
 protected:
  void SetUp() override {
    TENSORGATE_NEEDS_OPENVINO();
    char folder[] = "/tmp/openvino-servable-XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
  }
  void TearDown() override {
    if (folder_.empty()) return;
    unlink((folder_ + "/model.onnx").c_str());
    rmdir(folder_.c_str());
  }

  static OpenVinoServableOptions Options() {
    OpenVinoServableOptions options;
    options.name = "m";
    options.version = 7;
    options.library = openvino_test::LibraryPath();
    return options;
  }

  Status LoadOnnx(const std::string& model, int streams = 1,
                  std::optional<RowPolicy> rows = std::nullopt) {
    OpenVinoServableOptions options = Options();
    options.row_policy = rows;
    options.file = folder_ + "/model.onnx";
    options.format = ModelFormat::kOnnx;
    options.streams = streams;
    std::ofstream(options.file, std::ios::binary) << model;
    return OpenVinoServable::Load(options, &servable_);
  }

  Status LoadLite(const std::string& name, int streams = 1) {
    OpenVinoServableOptions options = Options();
    options.file = std::string(TENSORGATE_SOURCE_DIR) + "/test/models/" + name + "/1/model.tflite";
    options.streams = streams;
    return OpenVinoServable::Load(options, &servable_);
  }

  const Signature& signature() const { return servable_->signatures()[0]; }

  // All outputs of the values, which are those of its inputs in the order of aliases.
  Status Run(const std::vector<const TF_Tensor*>& values, std::vector<TensorHandle>* outputs) {
    std::vector<TF_Tensor*> inputs;
    for (const TF_Tensor* value : values) inputs.push_back(const_cast<TF_Tensor*>(value));
    return servable_->Run(signature().inputs, inputs, signature().outputs, outputs);
  }

  std::string folder_;
  std::unique_ptr<OpenVinoServable> servable_;
};

template <typename T>
TensorHandle Values(TF_DataType dtype, const Sizes& dims, const std::vector<T>& values) {
  TensorHandle tensor(TF_AllocateTensor(dtype, dims.data(), static_cast<int>(dims.size()),
                                        values.size() * sizeof(T)));
  if (!values.empty()) {
    std::memcpy(TF_TensorData(tensor.get()), values.data(), values.size() * sizeof(T));
  }
  return tensor;
}

template <typename T>
std::vector<T> ValuesOf(const TensorHandle& tensor) {
  std::vector<T> values(TF_TensorByteSize(tensor.get()) / sizeof(T));
  if (!values.empty()) {
    std::memcpy(values.data(), TF_TensorData(tensor.get()), values.size() * sizeof(T));
  }
  return values;
}

TEST_F(OpenVinoServableTest, RunsAndGivesBackAllItsMemory) {
  const int64_t live = LiveInputTensors();
  ASSERT_TRUE(LoadOnnx(openvino_test::SumOnnx()).ok());
  EXPECT_EQ(signature().def.name, "serving_default");
  EXPECT_EQ(signature().pace, nullptr) << "the event loop must not run it";
  const TensorHandle a = Values<float>(TF_FLOAT, {2, 2}, {1, 2, 3, 4});
  const TensorHandle b = Values<float>(TF_FLOAT, {2, 2}, {10, 20, 30, 40});
  std::vector<TensorHandle> outputs;
  ASSERT_TRUE(Run({a.get(), b.get()}, &outputs).ok());
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(ValuesOf<float>(outputs[0]), (std::vector<float>{11, 22, 33, 44}));
  // No rows.
  const TensorHandle none = Values<float>(TF_FLOAT, {0, 2}, {});
  ASSERT_TRUE(Run({none.get(), none.get()}, &outputs).ok());
  EXPECT_EQ(TF_Dim(outputs[0].get(), 0), 0);
  // The same output twice.
  const Endpoint sum = signature().outputs[0];
  ASSERT_TRUE(servable_->Run(signature().inputs, {a.get(), b.get()}, {sum, sum}, &outputs).ok());
  EXPECT_EQ(ValuesOf<float>(outputs[0]), ValuesOf<float>(outputs[1]));
  outputs.clear();
  servable_.reset();
  EXPECT_EQ(LiveInputTensors(), live);
}

TEST_F(OpenVinoServableTest, RefusesInputsOfAnotherDtypeAndIntegersThatDoNotFit) {
  ASSERT_TRUE(
      LoadOnnx(OnnxModel({OnnxNode("Add", {"x", "x"}, "y")}, {OnnxValue("x", kOnnxInt64, {-1})},
                         {OnnxValue("y", kOnnxInt64, {-1})}))
          .ok());
  std::vector<TensorHandle> outputs;
  const TensorHandle numbers = Values<int64_t>(TF_INT64, {2}, {3, -(int64_t{1} << 30)});
  ASSERT_TRUE(Run({numbers.get()}, &outputs).ok());
  EXPECT_EQ(ValuesOf<int64_t>(outputs[0]), (std::vector<int64_t>{6, -(int64_t{1} << 31)}));
  const TensorHandle floats = Values<float>(TF_FLOAT, {1}, {1});
  EXPECT_EQ(Run({floats.get()}, &outputs).message(),
            "input \"x\" is of dtype float, expected int64");
  const TensorHandle large = Values<int64_t>(TF_INT64, {2}, {0, int64_t{1} << 31});
  const Status status = Run({large.get()}, &outputs);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "input \"x\" has a value of int64 that int32 does not hold, as which OpenVINO "
            "computes it");
  EXPECT_TRUE(outputs.empty());
}

// "y" = "x" + weights of two floats in a file.
std::string WithWeightsIn(const std::string& location) {
  using proto::BytesField;
  using proto::VarintField;
  const auto entry = [](const std::string& key, const std::string& value) {
    return BytesField(13, BytesField(1, key) + BytesField(2, value));
  };
  const std::string weights = VarintField(1, 2) + VarintField(2, kOnnxFloat) + BytesField(8, "w") +
                              entry("location", location) + entry("offset", "0") +
                              entry("length", "8") + VarintField(14, 1);
  const std::string graph = BytesField(1, OnnxNode("Add", {"x", "w"}, "y")) + BytesField(2, "g") +
                            BytesField(5, weights) +
                            BytesField(11, OnnxValue("x", kOnnxFloat, {2})) +
                            BytesField(12, OnnxValue("y", kOnnxFloat, {2}));
  return VarintField(1, 8) + BytesField(7, graph) + BytesField(8, VarintField(2, 17));
}

TEST_F(OpenVinoServableTest, ReadsWeightsFromTheModelsFolderAlone) {
  const std::string bytes = proto::Raw<float>({10, 20});
  const std::string beside = folder_ + ".bin";
  std::ofstream(folder_ + "/w.bin", std::ios::binary) << bytes;
  std::ofstream(beside, std::ios::binary) << bytes;
  Status status = LoadOnnx(WithWeightsIn("w.bin"));
  ASSERT_TRUE(status.ok()) << status.message();
  const TensorHandle x = Values<float>(TF_FLOAT, {2}, {1, 2});
  std::vector<TensorHandle> outputs;
  ASSERT_TRUE(Run({x.get()}, &outputs).ok());
  EXPECT_EQ(ValuesOf<float>(outputs[0]), (std::vector<float>{11, 22}));
  const std::string name = beside.substr(beside.rfind('/') + 1);
  ASSERT_EQ(symlink(beside.c_str(), (folder_ + "/link").c_str()), 0);
  for (const std::string& location :
       {beside, "../" + name, "a/../../" + name, std::string("link")}) {
    status = LoadOnnx(WithWeightsIn(location));
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << location;
    EXPECT_NE(status.message().find("outside"), std::string::npos) << status.message();
  }
  for (const std::string& path : {folder_ + "/w.bin", folder_ + "/link", beside}) {
    unlink(path.c_str());
  }
}

TEST_F(OpenVinoServableTest, AnOutputMayBeAnInput) {
  ASSERT_TRUE(
      LoadOnnx(OnnxModel({OnnxNode("Identity", {"x"}, "y"), OnnxNode("Neg", {"x"}, "z")},
                         {OnnxValue("x", kOnnxFloat, {2})},
                         {OnnxValue("y", kOnnxFloat, {2}), OnnxValue("z", kOnnxFloat, {2})}))
          .ok());
  const TensorHandle x = Values<float>(TF_FLOAT, {2}, {1, 2});
  std::vector<TensorHandle> outputs;
  const Status status = Run({x.get()}, &outputs);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(ValuesOf<float>(outputs[0]), (std::vector<float>{1, 2}));
  EXPECT_EQ(ValuesOf<float>(outputs[1]), (std::vector<float>{-1, -2}));
}

TEST_F(OpenVinoServableTest, RefusesTensorsThatItWouldNotComputeAsTheyAre) {
  constexpr int64_t kOnnxString = 8, kOnnxDouble = 11;
  for (const int64_t type : {kOnnxString, kOnnxDouble}) {
    const Status status =
        LoadOnnx(OnnxModel({OnnxNode("Identity", {"x"}, "y")}, {OnnxValue("x", type, {2})},
                           {OnnxValue("y", type, {2})}));
    EXPECT_EQ(status.code(), Code::kUnimplemented);
    EXPECT_NE(status.message().find(type == kOnnxString ? "string" : "double"), std::string::npos)
        << status.message();
  }
  EXPECT_NE(LoadOnnx("no model").code(), Code::kOk);
  const Status status = LoadOnnx(openvino_test::SumOnnx("NoSuchOp"));
  EXPECT_NE(status.message().find("NoSuchOp"), std::string::npos) << status.message();
  EXPECT_EQ(servable_, nullptr);
}

TEST_F(OpenVinoServableTest, TakesInputsOfManyShapesFromManyThreads) {
  for (const int streams : {1, 2}) {
    ASSERT_TRUE(LoadLite("lite_fixed", streams).ok());
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int run = 0; run < 40; ++run) {
          // One row as the file says; several; other ranks, more than are kept.
          const int64_t count = 2 * (1 + (thread + run) % 7);
          const Sizes dims = run % 3 == 0 ? Sizes{count} : Sizes{count / 2, 2};
          const std::vector<float> values(static_cast<size_t>(count), static_cast<float>(run));
          const TensorHandle x = Values<float>(TF_FLOAT, dims, values);
          std::vector<TensorHandle> outputs;
          const float expected = static_cast<float>(run * run + 2);
          const bool ran = Run({x.get()}, &outputs).ok();
          if (!ran || TF_NumDims(outputs[0].get()) != static_cast<int>(dims.size()) ||
              ValuesOf<float>(outputs[0]) != std::vector<float>(values.size(), expected)) {
            ++wrong;
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
  }
}

TEST_F(OpenVinoServableTest, RunsOnZerosAndEndsALoadThatIsStopped) {
  ASSERT_TRUE(LoadLite("lite_scores").ok());
  EXPECT_TRUE(servable_->RunOnZeros().ok());
  LoadStop stop;
  stop.Stop();
  OpenVinoServableOptions options = Options();
  options.file = std::string(TENSORGATE_SOURCE_DIR) + "/test/models/lite_half/1/model.tflite";
  options.stop = &stop;
  EXPECT_EQ(OpenVinoServable::Load(options, &servable_).code(), Code::kCancelled);
}

// "y" of "x", both [rows, 4], with the whole numbers "0" and "1" in the file.
std::string RowModel(const std::vector<std::string>& nodes) {
  return onnx::Model({nodes,
                      {onnx::ValueInfo("x", {-1, 4})},
                      {onnx::ValueInfo("y", {-1, 4})},
                      {onnx::Scalar("0", 0), onnx::Scalar("1", 1)}});
}

const std::string kMean = onnx::Node("ReduceMean", {"x"}, {"mean"}, onnx::Attr("axes", Sizes{0}));

TEST_F(OpenVinoServableTest, ProvesAndTriesRows) {
  const std::string softmax = onnx::Node("Softmax", {"x"}, {"s"}, onnx::Attr("axis", 1));
  const std::string model = RowModel({softmax, onnx::Node("CumSum", {"s", "1"}, {"y"})});
  ASSERT_TRUE(LoadOnnx(model, 1, RowPolicy::kProve).ok());
  std::vector<SignatureRows> rows = servable_->rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].refusal, "");
  EXPECT_TRUE(rows[0].is_proven);
  EXPECT_FALSE(signature().rows_proven) << "not before the trial";
  RunRowTrial({}, servable_.get(), &rows);
  EXPECT_EQ(rows[0].refusal, "");
  EXPECT_TRUE(signature().rows_proven);
  EXPECT_TRUE(servable_->requires_proven_rows());
  EXPECT_GT(rows[0].two_rows.count(), 0) << "it has run";
}

TEST_F(OpenVinoServableTest, FindsRowsThatDependOnEachOther) {
  const std::pair<std::string, std::string> cases[] = {
      {RowModel({kMean, onnx::Node("Sub", {"x", "mean"}, {"y"})}),
       "node \"mean\" (ReduceMean) reduces over the rows"},
      {RowModel({onnx::Node("Softmax", {"x"}, {"y"}, onnx::Attr("axis", 0))}),
       "node \"y\" (Softmax) works along the rows"},
      {RowModel({onnx::Node("CumSum", {"x", "0"}, {"y"})}),
       "node \"y\" (CumSum) works along the rows"},
  };
  for (const auto& [model, refusal] : cases) {
    ASSERT_TRUE(LoadOnnx(model, 1, RowPolicy::kProve).ok());
    std::vector<SignatureRows> rows = servable_->rows();
    EXPECT_EQ(rows[0].refusal, refusal);
    RunRowTrial({}, servable_.get(), &rows);
    EXPECT_FALSE(signature().rows_proven);
    EXPECT_TRUE(servable_->requires_proven_rows());
    // The trial alone would find it, too.
    rows[0] = {};
    rows[0].is_proven = true;
    RunRowTrial({}, servable_.get(), &rows);
    EXPECT_NE(rows[0].refusal, "") << refusal;
    EXPECT_FALSE(signature().rows_proven);
  }
}

TEST_F(OpenVinoServableTest, TakesRowsOfTfliteForSuch) {
  OpenVinoServableOptions options = Options();
  options.file = std::string(TENSORGATE_SOURCE_DIR) + "/test/models/lite_fixed/1/model.tflite";
  options.row_policy = RowPolicy::kProve;
  ASSERT_TRUE(OpenVinoServable::Load(options, &servable_).ok());
  EXPECT_EQ(servable_->rows()[0].refusal, "") << "[1, 2] as the file has it";
  ASSERT_TRUE(LoadOnnx(openvino_test::SumOnnx(), 1, RowPolicy::kAssumeIndependent).ok());
  EXPECT_EQ(servable_->rows()[0].refusal, "");
  EXPECT_FALSE(servable_->rows()[0].is_proven) << "assumed";
  const std::string one_row = onnx::Model({{onnx::Node("Relu", {"x"}, {"y"})},
                                           {onnx::ValueInfo("x", {1, 2})},
                                           {onnx::ValueInfo("y", {1, 2})}});
  ASSERT_TRUE(LoadOnnx(one_row, 1, RowPolicy::kProve).ok());
  EXPECT_EQ(servable_->rows()[0].refusal, "its inputs do not take any number of rows");
}

TEST_F(OpenVinoServableTest, RunsSignaturesThatAreGraphsOfTheirOwn) {
  ASSERT_TRUE(LoadLite("lite_pair").ok());
  EXPECT_TRUE(servable_->left_out().empty());
  EXPECT_TRUE(servable_->RunOnZeros().ok());
  const Signature& encode = *servable_->FindSignature("encode");
  const Signature& decode = *servable_->FindSignature("decode");
  const TensorHandle x = Values<float>(TF_FLOAT, {1, 4}, {1, 2, 3, 4});
  std::vector<TensorHandle> code, decoded;
  ASSERT_TRUE(servable_->Run(encode.inputs, {x.get()}, encode.outputs, &code).ok());
  ASSERT_TRUE(servable_->Run(decode.inputs, {code[0].get()}, decode.outputs, &decoded).ok());
  EXPECT_EQ(static_cast<const float*>(TF_TensorData(code[0].get()))[2], 81);
  EXPECT_EQ(static_cast<const float*>(TF_TensorData(decoded[0].get()))[0], 71 + 2 * 81);
  const Status status = servable_->Run(encode.inputs, {x.get()}, decode.outputs, &decoded);
  EXPECT_EQ(status.message(), "inputs and outputs are not of one graph of the file");
  EXPECT_TRUE(decoded.empty());
}

}  // namespace
}  // namespace tensorgate
