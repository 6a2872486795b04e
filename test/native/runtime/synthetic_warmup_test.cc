#include "warmup/synthetic_warmup.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "test_model.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

TEST(StateChangesTest, FindsWritesBehindControlEdgesFunctionsAndBranches) {
  const auto model = LoadModel("test/models/tally/1");
  const auto changed_by = [&](const char* name) { return model->FindSignature(name)->changed_by; };
  for (const char* reads : {"serving_default", "get_tally", "get_tally_in_function"}) {
    EXPECT_EQ(changed_by(reads), "") << reads;
  }
  for (const char* writes :
       {"incr_count", "incr_tally", "incr_tally_before", "incr_tally_in_function", "draw"}) {
    EXPECT_NE(changed_by(writes), "") << writes;
  }
}

TEST(StateChangesTest, LetsEveryModelOfTheDemoRun) {
  for (const char* name : {"half_plus_two", "keras_mlp", "text_echo", "iris_classifier"}) {
    const auto model = LoadModel(std::string("examples/models/") + name + "/1");
    EXPECT_EQ(model->FindSignature("serving_default")->changed_by, "") << name;
  }
}

TEST(SyntheticWarmupTest, LeavesTheStateOfAModelAsItIs) {
  const auto model = LoadModel("test/models/tally/1");
  const SyntheticWarmupReport report = RunSyntheticWarmup(*model, SyntheticWarmupLimits());
  EXPECT_EQ(report.run, 3u);
  EXPECT_EQ(report.failed, 0u) << report.first_failure;
  EXPECT_EQ(report.skipped, 5u);
  EXPECT_EQ(ValueOf(*model, "serving_default"), 0.0f);
  EXPECT_EQ(ValueOf(*model, "get_tally"), 0.0f);
}

TEST(SyntheticWarmupTest, MakesInputsUpForEveryTypeOfInput) {
  const auto model = LoadModel("test/models/identity/1");
  SyntheticWarmupLimits limits;
  limits.max_runs = 1000;
  const SyntheticWarmupReport report = RunSyntheticWarmup(*model, limits);
  EXPECT_EQ(report.run, model->signatures().size());
  EXPECT_EQ(report.failed, 0u) << report.first_failure;
  EXPECT_EQ(report.skipped, 0u);
  EXPECT_EQ(LiveInputTensors(), 0);
}

TEST(SyntheticWarmupTest, RunsSeveralInputsDefaultsLoopsAndExamples) {
  for (const char* path :
       {"test/models/multi_io/1", "test/models/defaults/1", "test/models/slow/1"}) {
    const auto model = LoadModel(path);
    const SyntheticWarmupReport report = RunSyntheticWarmup(*model, SyntheticWarmupLimits());
    EXPECT_EQ(report.run, 1u) << path;
    EXPECT_EQ(report.failed, 0u) << report.first_failure;
  }
  EXPECT_EQ(LiveInputTensors(), 0);
}

TEST(SyntheticWarmupTest, KeepsToTheNumberOfSignatures) {
  const auto model = LoadModel("test/models/identity/1");
  SyntheticWarmupLimits limits;
  limits.max_runs = 2;
  const SyntheticWarmupReport report = RunSyntheticWarmup(*model, limits);
  EXPECT_EQ(report.run, 2u);
  EXPECT_EQ(report.skipped, model->signatures().size() - 2);
}

TEST(SyntheticWarmupTest, LeavesOutWhatWouldTakeTooMuchMemory) {
  const auto model = LoadModel("examples/models/keras_mlp/1");
  SyntheticWarmupLimits limits;
  limits.max_input_bytes = 16 * sizeof(float);  // features: [1, 16]
  EXPECT_EQ(RunSyntheticWarmup(*model, limits).run, 2u);
  limits.max_input_bytes -= 1;
  EXPECT_EQ(RunSyntheticWarmup(*model, limits).run, 0u);
}

TEST(SyntheticWarmupTest, CountsFailuresAndKeepsTheFirstText) {
  const auto model = LoadModel("test/models/sized/1");
  const SyntheticWarmupReport report = RunSyntheticWarmup(*model, SyntheticWarmupLimits());
  EXPECT_EQ(report.run, 2u) << "the others do not run with dimensions of 1";
  EXPECT_EQ(report.failed, 4u);
  EXPECT_EQ(report.first_failure.rfind("serving_default: ", 0), 0u) << report.first_failure;
  EXPECT_EQ(report.not_representative.size(), 6u) << "what runs has no elements";
}

TEST(SyntheticWarmupTest, TakesOtherNumbersWhereZerosFail) {
  const auto model = LoadModel("test/models/failing/1");
  const SyntheticWarmupReport report = RunSyntheticWarmup(*model, SyntheticWarmupLimits());
  EXPECT_EQ(report.run, 3u) << "serving_default divides by its input";
  EXPECT_EQ(report.failed, 0u) << report.first_failure;
}

TEST(SyntheticWarmupTest, EndsAGraphThatNeverWould) {
  const auto model = LoadModel("test/models/endless/1");
  SyntheticWarmupLimits limits;
  limits.time = std::chrono::milliseconds(100);
  const SyntheticWarmupReport report = RunSyntheticWarmup(*model, limits);
  EXPECT_EQ(report.failed, 1u);
  EXPECT_EQ(report.first_failure, "serving_default: Timed out waiting for notification");
  limits.time = std::chrono::milliseconds(0);
  EXPECT_EQ(RunSyntheticWarmup(*model, limits).skipped, 1u);
}

TEST(SyntheticWarmupTest, TakesAModelWithoutSignatures) {
  const auto model = LoadModel("test/models/no_signature/1");
  const SyntheticWarmupReport report = RunSyntheticWarmup(*model, SyntheticWarmupLimits());
  EXPECT_EQ(report.run + report.failed + report.skipped, 0u);
}

TEST(SyntheticWarmupTest, RunsEachSizeOfBatches) {
  const auto model = LoadModel("examples/models/half_plus_two/1");
  EXPECT_EQ(RunSyntheticWarmup(*model, SyntheticWarmupLimits(), {2, 8}).run, 3u);
  SyntheticWarmupLimits limits;
  limits.max_input_bytes = 7 * sizeof(float);
  const SyntheticWarmupReport report = RunSyntheticWarmup(*model, limits, {2, 8});
  EXPECT_EQ(report.run, 2u);
  EXPECT_EQ(report.skipped, 1u) << "8 rows are beyond the limit";
  const auto counter = LoadModel("test/models/counter/1");
  const uint32_t once = RunSyntheticWarmup(*counter, SyntheticWarmupLimits()).run;
  EXPECT_EQ(RunSyntheticWarmup(*counter, SyntheticWarmupLimits(), {2}).run, once)
      << "no inputs, or scalars";
}

}  // namespace
}  // namespace tensorgate
