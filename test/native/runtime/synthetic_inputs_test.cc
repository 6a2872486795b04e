#include "warmup/synthetic_inputs.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "test_model.h"
#include "warmup/synthetic_warmup.h"

namespace tensorgate {
namespace {

std::unique_ptr<SavedModel> LoadLearnt(const std::string& folder) {
  std::unique_ptr<SavedModel> model = LoadModel(folder);
  LearnInputs(std::string(TENSORGATE_SOURCE_DIR) + "/" + folder, LearningLimits(), model.get());
  return model;
}

// The error of a run on inputs that are filled so; empty where it went well and answered something.
std::string ErrorOf(const SavedModel& model, const Signature& signature,
                    const std::vector<RowFill>& rows) {
  SyntheticInputs inputs;
  if (!MakeSyntheticInputs(signature, rows, size_t{64} << 20, &inputs)) return "no inputs";
  std::vector<TensorHandle> outputs;
  const Status status = model.Run(signature.inputs, inputs.values, signature.outputs, &outputs);
  if (!status.ok()) return status.message();
  return HaveElements(outputs) ? "" : "empty outputs";
}

class SyntheticInputsTest : public testing::TestWithParam<std::string> {};

TEST_P(SyntheticInputsTest, AreTakenByEverySignature) {
  const auto model = LoadLearnt(GetParam());
  for (const Signature& signature : model->signatures()) {
    if (!signature.has_outputs()) continue;  // Keras's initialization
    for (const RowFill fill : {RowFill::kZeros, RowFill::kRandom, RowFill::kLarge}) {
      EXPECT_EQ(ErrorOf(*model, signature, {fill}), "") << signature.def.name;
    }
    if (HasRowsOfAnyNumber(signature)) {
      EXPECT_EQ(ErrorOf(*model, signature, {RowFill::kRandom, RowFill::kZeros, RowFill::kRandom}),
                "")
          << signature.def.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, SyntheticInputsTest,
    testing::Values("examples/models/half_plus_two/1", "examples/models/iris_classifier/1",
                    "examples/models/keras_mlp/1", "examples/models/text_echo/1",
                    "test/models/half_plus_family/123", "test/models/table/1",
                    "test/models/parsed_examples/1", "test/models/decoded_strings/1",
                    "test/models/known_values/1"));

TEST(LearnInputsTest, FindsSizesWithWhichSignaturesRun) {
  const auto model = LoadLearnt("test/models/sized/1");
  const auto size_of = [&](const char* name) {
    return model->FindSignature(name)->synthetic->size;
  };
  EXPECT_EQ(size_of("serving_default"), 64) << "20 convolutions that take off 2 pixels each";
  EXPECT_EQ(size_of("empty_when_small"), 32) << "runs before, and has nothing to say";
  EXPECT_EQ(size_of("wide"), 1) << "the weights say how wide it is";
  EXPECT_EQ(size_of("anything"), 1);
  EXPECT_EQ(size_of("never"), 1);
  for (const char* name : {"serving_default", "empty_when_small", "wide", "anything"}) {
    EXPECT_EQ(ErrorOf(*model, *model->FindSignature(name), {RowFill::kZeros}), "") << name;
  }
}

TEST(LearnInputsTest, LeavesModelsAloneThatARunWouldChange) {
  const auto model = LoadLearnt("test/models/tally/1");
  EXPECT_EQ(ValueOf(*model, "serving_default"), 0.0f);
  EXPECT_EQ(ValueOf(*model, "get_tally"), 0.0f);
}

TEST(LearnInputsTest, EndsWhenItsTimeIsOver) {
  const auto model = LoadModel("test/models/sized/1");
  LearningLimits limits;
  limits.time = std::chrono::milliseconds(0);
  LearnInputs("", limits, model.get());
  EXPECT_EQ(model->FindSignature("serving_default")->synthetic->size, 1);
}

TEST(LearnInputsTest, SaysWhichSignaturesNoRunShows) {
  const auto model = LoadLearnt("test/models/sized/1");
  const SyntheticWarmupReport report = RunSyntheticWarmup(*model, SyntheticWarmupLimits());
  ASSERT_EQ(report.not_representative.size(), 2u);
  EXPECT_EQ(report.not_representative[0].first, "always_empty");
  EXPECT_EQ(report.not_representative[0].second, "its outputs are empty");
  EXPECT_EQ(report.not_representative[1].first, "never");
  EXPECT_NE(report.not_representative[1].second.find("1031"), std::string::npos);
}

TEST(SyntheticInputsTest, KeepToTheMemoryThatStringsTakeToo) {
  const auto model = LoadLearnt("test/models/decoded_strings/1");
  const Signature& signature = *model->FindSignature("cropped");
  EXPECT_EQ(signature.synthetic->size, 32);
  SyntheticInputs inputs;
  EXPECT_FALSE(MakeSyntheticInputs(signature, {RowFill::kRandom}, 3000, &inputs));
  EXPECT_TRUE(MakeSyntheticInputs(signature, {RowFill::kRandom}, 10000, &inputs));
}

}  // namespace
}  // namespace tensorgate
