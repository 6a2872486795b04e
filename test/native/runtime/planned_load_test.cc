#include "plan/planned_load.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "plan/agreement.h"
#include "plan/graph_fingerprint.h"
#include "runtime/synthetic_inputs.h"
#include "test_model.h"

namespace tensorgate {
namespace {

std::string Folder(const std::string& model) {
  return std::string(TENSORGATE_SOURCE_DIR) + "/test/models/" + model;
}

std::string FingerprintOf(const std::string& model) {
  return GraphFingerprint(Folder(model), {"serve"});
}

struct Loaded {
  std::unique_ptr<SavedModel> model;
  PlanReport report;
  int loads = 0;
};

Loaded Load(const std::string& model, PlanOptions plan) {
  LoadOptions options;
  options.path = Folder(model);
  options.tags = {"serve"};
  plan.path = options.path;
  plan.trial_millis = 20;
  plan.lean = {16, 1};
  Loaded loaded;
  const Status status = LoadWithPlan(
      options, plan, [&](SavedModel*) { ++loaded.loads; }, &loaded.model, &loaded.report);
  EXPECT_TRUE(status.ok()) << status.message();
  return loaded;
}

PlanOptions Known(PlanKind kind, const std::string& graph) {
  PlanOptions plan;
  plan.known = PlanChoice{kind, true};
  plan.known_from = "that of another";
  plan.known_graph = graph;
  return plan;
}

TEST(GraphFingerprintTest, KnowsAGraphUnderOtherNamesAndWithOtherWeights) {
  const std::string first = FingerprintOf("retrained/1");
  EXPECT_NE(first, "");
  EXPECT_EQ(FingerprintOf("retrained/2"), first);
  EXPECT_NE(FingerprintOf("conv/1"), first);
  EXPECT_EQ(FingerprintOf("nothing/1"), "");
  EXPECT_EQ(GraphFingerprint(Folder("retrained/1"), {"train"}), "");
  EXPECT_NE(FingerprintOf("versions/1"), FingerprintOf("versions/2")) << "a constant is another";
}

TEST(PlannedLoadTest, AVersionOfTheSameGraphTakesThePlanWithoutATrial) {
  PlanOptions frozen;
  frozen.wanted = PlanKind::kFrozen;
  const Loaded first = Load("retrained/1", frozen);
  EXPECT_TRUE(first.report.tried);
  EXPECT_EQ(first.report.plan.kind, PlanKind::kFrozen) << first.report.reason;
  const Loaded next = Load("retrained/2", Known(PlanKind::kFrozen, first.report.graph));
  EXPECT_EQ(next.report.reason, "that of another");
  EXPECT_FALSE(next.report.tried);
  EXPECT_EQ(next.report.plan.kind, PlanKind::kFrozen);
  EXPECT_TRUE(next.report.lean) << next.report.no_lean;
  EXPECT_EQ(next.report.graph, first.report.graph) << "for the one after it";
  EXPECT_EQ(next.loads, 1);
  const auto saved = LoadModel("test/models/retrained/2");
  const BoundSignature& signature = *saved->FindSignature("serving_default");
  const BoundSignature& other = *next.model->FindSignature("serving_default");
  SyntheticInputs inputs;
  ASSERT_TRUE(
      MakeSyntheticInputs(signature, {RowFill::kOtherRandom, RowFill::kRandom}, 1000, &inputs));
  std::vector<TensorHandle> expected, given;
  ASSERT_TRUE(saved->Run(signature.inputs, inputs.values, signature.outputs, &expected).ok());
  ASSERT_TRUE(next.model->Run(other.inputs, inputs.values, other.outputs, &given).ok());
  Agreement agreement;
  Compare(expected, given, &agreement);
  EXPECT_TRUE(agreement.agrees) << agreement.difference;
}

TEST(PlannedLoadTest, AnotherGraphHasATrialOfItsOwn) {
  const Loaded loaded = Load("retrained/1", Known(PlanKind::kFrozen, FingerprintOf("conv/1")));
  EXPECT_TRUE(loaded.report.tried);
  EXPECT_EQ(loaded.loads, 1);
}

TEST(PlannedLoadTest, BeginsAgainWhereAKnownPlanIsNoneAnyMore) {
  const Loaded loaded = Load("table/1", Known(PlanKind::kFrozen, ""));
  EXPECT_EQ(loaded.report.plan.kind, PlanKind::kAsSaved);
  EXPECT_NE(loaded.report.reason, "that of another");
  EXPECT_EQ(loaded.loads, 2) << "what is served has been through TensorFlow's optimizers";
  EXPECT_NE(loaded.model->session(), nullptr);
}

TEST(PlannedLoadTest, EndsWithTheStatusOfTheLoad) {
  std::unique_ptr<SavedModel> model;
  PlanReport report;
  LoadOptions options;
  options.path = Folder("nothing/1");
  options.tags = {"serve"};
  const auto unexpected = [](SavedModel*) { ADD_FAILURE(); };
  const PlanOptions plan = Known(PlanKind::kFrozen, "");
  EXPECT_EQ(LoadWithPlan(options, plan, unexpected, &model, &report).code(), Code::kNotFound);
}

}  // namespace
}  // namespace tensorgate
