#include "call/example_task.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tensorgate {
namespace {

TensorInfo Info(const std::string& alias, DataType dtype) {
  TensorInfo info;
  info.alias = alias;
  info.tensor_name = alias + ":0";
  info.dtype = dtype;
  info.unknown_rank = false;
  info.dims = {-1};
  return info;
}

Signature SignatureOf(std::vector<TensorInfo> inputs, std::vector<TensorInfo> outputs,
                      const std::string& method = "tensorflow/serving/predict") {
  Signature signature;
  signature.def.method_name = method;
  signature.def.inputs = std::move(inputs);
  signature.def.outputs = std::move(outputs);
  return signature;
}

const TensorInfo kExamples = Info("inputs", DataType::kString);
const TensorInfo kScores = Info("scores", DataType::kFloat);
const TensorInfo kClasses = Info("classes", DataType::kString);
const TensorInfo kValues = Info("outputs", DataType::kFloat);

// A view without elements: the rules look at types and shapes only.
struct Shaped {
  Shaped(DataType dtype, std::vector<int64_t> sizes) : dims(std::move(sizes)) {
    view.dtype = dtype;
    view.dims = dims.data();
    view.rank = static_cast<int>(dims.size());
  }
  std::vector<int64_t> dims;
  TensorView view;
};

std::string Classification(const Signature& signature, bool check_method_name = false) {
  ExampleTask task;
  return CheckClassification(signature, check_method_name, &task).message();
}

std::string Regression(const Signature& signature, bool check_method_name = false) {
  ExampleTask task;
  return CheckRegression(signature, check_method_name, &task).message();
}

TEST(CheckClassificationTest, TakesScoresOrClassesOrBoth) {
  ExampleTask task;
  const Signature both = SignatureOf({kExamples}, {kClasses, kScores});
  ASSERT_TRUE(CheckClassification(both, false, &task).ok());
  EXPECT_EQ(task.labels, 0);
  EXPECT_EQ(task.scores, 1);
  EXPECT_EQ(Classification(SignatureOf({kExamples}, {kScores})), "");
  EXPECT_EQ(Classification(SignatureOf({kExamples}, {kClasses})), "");
}

TEST(CheckClassificationTest, LooksAtTheMethodNameOnlyWhenAsked) {
  const Signature predict = SignatureOf({kExamples}, {kScores});
  EXPECT_EQ(Classification(predict), "");
  EXPECT_EQ(Classification(predict, true),
            "Expected classification signature method_name to be tensorflow/serving/classify. "
            "Was: tensorflow/serving/predict");
}

TEST(CheckClassificationTest, RefusesOtherInputsAndOutputs) {
  EXPECT_EQ(Classification(SignatureOf({}, {kScores})), "Expected one input Tensor.");
  EXPECT_EQ(Classification(SignatureOf({kExamples}, {})),
            "Expected one or two output Tensors, found 0");
  EXPECT_EQ(
      Classification(SignatureOf({Info("x", DataType::kString)}, {kScores}))
          .rfind("No classification inputs found in SignatureDef: inputs {\n  key: \"x\"\n", 0),
      0u);
  EXPECT_EQ(Classification(SignatureOf({kExamples}, {kValues}))
                .rfind("Expected classification signature outputs to contain at least one of "
                       "\"classes\" or \"scores\". Signature was: inputs {",
                       0),
            0u);
}

TEST(CheckRegressionTest, RefusesOtherInputsAndOutputs) {
  EXPECT_EQ(Regression(SignatureOf({kExamples}, {kValues})), "");
  EXPECT_EQ(Regression(SignatureOf({kExamples}, {kValues}), true),
            "Expected regression signature method_name to be tensorflow/serving/regress. "
            "Was: tensorflow/serving/predict");
  EXPECT_EQ(Regression(SignatureOf({kExamples, kScores}, {kValues})), "Expected one input Tensor.");
  EXPECT_EQ(Regression(SignatureOf({kExamples}, {})), "Expected one output Tensor.");
  EXPECT_EQ(Regression(SignatureOf({kScores}, {kValues}))
                .rfind("No regression inputs found in SignatureDef: ", 0),
            0u);
  EXPECT_EQ(Regression(SignatureOf({kExamples}, {kScores}))
                .rfind("No regression outputs found in SignatureDef: ", 0),
            0u);
}

std::string ReadClasses(const Shaped* labels, const Shaped* scores) {
  ClassificationTensors result;
  return ReadClassification(labels == nullptr ? nullptr : &labels->view,
                            scores == nullptr ? nullptr : &scores->view, 2, &result)
      .message();
}

TEST(ReadClassificationTest, ChecksRankTypeBatchAndClassCount) {
  const Shaped labels(DataType::kString, {2, 3});
  const Shaped scores(DataType::kFloat, {2, 3});
  EXPECT_EQ(ReadClasses(&labels, &scores), "");
  const Shaped vector(DataType::kFloat, {2});
  EXPECT_EQ(ReadClasses(nullptr, &vector),
            "Expected Tensor shape: [batch_size num_classes] but got [2]");
  const Shaped ints(DataType::kInt64, {2, 3});
  EXPECT_EQ(ReadClasses(&ints, nullptr), "Expected classes Tensor of DT_STRING. Got: DT_INT64");
  EXPECT_EQ(ReadClasses(nullptr, &ints), "Expected scores Tensor of DT_FLOAT. Got: DT_INT64");
  const Shaped three(DataType::kFloat, {3, 3});
  EXPECT_EQ(ReadClasses(nullptr, &three), "Expected scores output batch size of 2. Got: 3");
  const Shaped two(DataType::kFloat, {2, 2});
  EXPECT_EQ(ReadClasses(&labels, &two),
            "Tensors class and score should match in dim_size(1). Got 3 vs. 2");
}

TEST(ReadRegressionTest, TakesAVectorOrAColumnOfFloats) {
  const auto read = [](const Shaped& values) {
    RegressionTensors result;
    return ReadRegression(&values.view, 2, &result).message();
  };
  EXPECT_EQ(read(Shaped(DataType::kFloat, {2})), "");
  EXPECT_EQ(read(Shaped(DataType::kFloat, {2, 1})), "");
  EXPECT_EQ(read(Shaped(DataType::kFloat, {2, 2})),
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            "[2,2]");
  EXPECT_EQ(read(Shaped(DataType::kFloat, {3})),
            "Input batch size did not match output batch size: 2 vs. 3");
  EXPECT_EQ(read(Shaped(DataType::kInt32, {2})),
            "Expected output Tensor of DT_FLOAT.  Got: DT_INT32");
}

}  // namespace
}  // namespace tensorgate
