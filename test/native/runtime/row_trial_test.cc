#include "runtime/row_trial.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "runtime/state_changes.h"
#include "test_model.h"

namespace tensorgate {
namespace {

std::map<std::string, RowTrialResult> Try(SavedModel* model,
                                          const RowTrialLimits& limits = RowTrialLimits()) {
  std::map<std::string, RowTrialResult> results;
  std::vector<RowTrialResult> tried = PlanRowTrial(*model);
  RunRowTrial(limits, model, &tried);
  for (RowTrialResult& result : tried) results[result.signature] = result;
  return results;
}

TEST(RowTrialTest, KnowsIndependentRows) {
  const auto model = LoadModel("test/models/row_kinds/1");
  const auto results = Try(model.get());
  for (const char* name : {"independent", "independent_half", "independent_two_inputs"}) {
    const RowTrialResult& result = results.at(name);
    EXPECT_EQ(result.refusal, "") << name;
    EXPECT_GT(result.one_row.count(), 0) << name;
    EXPECT_GT(result.two_rows.count(), 0) << name;
    EXPECT_TRUE(model->FindSignature(name)->rows_proven) << name;
  }
}

TEST(RowTrialTest, SaysWhyOthersRunAlone) {
  const auto model = LoadModel("test/models/row_kinds/1");
  const auto results = Try(model.get());
  const std::map<std::string, std::string> expected = {
      {"softmax_over_rows", "output \"y\" differs when its row is alone"},
      {"mean_taken_off", "output \"y\" differs when its row is alone"},
      {"row_before", "output \"y\" differs when its row is alone"},
      {"sorted", "output \"y\" differs when its row is alone"},
      {"best_of_rows", "output \"y\" depends on other rows"},
      {"over_rows", "output \"y\" differs when its row is alone"},
      {"faintly_mixed", "output \"y\" depends on other rows"},
      {"steered", "values steer what is computed"},
      {"loop", "values steer what is computed"},
      {"random", "a run may change its state"},
      {"sum", "output \"y\" has no row for each input row"},
      {"two_rows", "its inputs do not take any number of rows"},
      {"text", "strings cannot be made up"},
  };
  for (const auto& [name, refusal] : expected) {
    EXPECT_EQ(results.at(name).refusal, refusal) << name;
    EXPECT_FALSE(model->FindSignature(name)->rows_proven) << name;
  }
  EXPECT_EQ(results.size(), expected.size() + 3);
}

TEST(RowTrialTest, LetsTheModelsOfTheDemoShareRuns) {
  for (const char* name : {"half_plus_two", "keras_mlp"}) {
    const auto model = LoadModel(std::string("examples/models/") + name + "/1");
    EXPECT_EQ(Try(model.get()).at("serving_default").refusal, "") << name;
  }
}

TEST(RowTrialTest, RefusesWhatFailsWithMadeUpRows) {
  const auto model = LoadModel("test/models/failing/1");
  const std::string refusal = Try(model.get()).at("serving_default").refusal;
  EXPECT_EQ(refusal.rfind("it fails with ", 0), 0u) << refusal;
}

TEST(RowTrialTest, KeepsToItsLimits) {
  const auto model = LoadModel("test/models/row_kinds/1");
  RowTrialLimits limits;
  limits.max_signatures = 1;
  auto results = Try(model.get(), limits);
  EXPECT_EQ(results.at("independent").refusal, "there was no time to try it");
  limits = RowTrialLimits();
  limits.time = std::chrono::milliseconds(0);
  results = Try(model.get(), limits);
  EXPECT_EQ(results.at("independent").refusal, "there was no time to try it");
  limits = RowTrialLimits();
  limits.max_input_bytes = 4;
  results = Try(model.get(), limits);
  EXPECT_EQ(results.at("independent").refusal, "its inputs cannot be made up");
  EXPECT_FALSE(model->FindSignature("independent")->rows_proven);
}

TEST(StateChangesTest, SeesWhatValuesSteerInFunctionsToo) {
  const auto slow = LoadModel("test/models/slow/1");
  EXPECT_TRUE(
      StateChanges(slow->graph()).ValuesMaySteer(slow->FindSignature("serving_default")->outputs));
  const auto mlp = LoadModel("examples/models/keras_mlp/1");
  EXPECT_FALSE(
      StateChanges(mlp->graph()).ValuesMaySteer(mlp->FindSignature("serving_default")->outputs));
}

}  // namespace
}  // namespace tensorgate
