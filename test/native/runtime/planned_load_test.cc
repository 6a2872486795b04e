#include "plan/planned_load.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/attr_value.h"
#include "graph/restored_variables.h"
#include "plan/agreement.h"
#include "plan/checkpoint_values.h"
#include "plan/graph_fingerprint.h"
#include "plan/variable_values.h"
#include "test_model.h"
#include "warmup/known_graph.h"
#include "warmup/synthetic_inputs.h"

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

Loaded LoadPlanned(const std::string& model, PlanOptions plan) {
  LoadOptions options;
  options.path = Folder(model);
  options.tags = {"serve"};
  plan.path = options.path;
  plan.trial_millis = 20;
  plan.shared_weights = {16, 1};
  Loaded loaded;
  const Status status = LoadWithPlan(
      options, plan, [&](SavedModel*, bool) { ++loaded.loads; }, &loaded.model, &loaded.report);
  EXPECT_TRUE(status.ok()) << status.message();
  return loaded;
}

// On rows that no load has run.
void ExpectAnswersOf(const std::string& saved_model, const SavedModel& model) {
  const auto saved = LoadModel(saved_model);
  const Signature& signature = *saved->FindSignature("serving_default");
  const Signature& other = *model.FindSignature("serving_default");
  SyntheticInputs inputs;
  ASSERT_TRUE(
      MakeSyntheticInputs(signature, {RowFill::kOtherRandom, RowFill::kRandom}, 1000, &inputs));
  std::vector<TensorHandle> expected, given;
  ASSERT_TRUE(saved->Run(signature.inputs, inputs.values, signature.outputs, &expected).ok());
  ASSERT_TRUE(model.Run(other.inputs, inputs.values, other.outputs, &given).ok());
  Agreement agreement;
  Compare(expected, given, &agreement);
  EXPECT_TRUE(agreement.agrees) << agreement.difference;
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
  const Loaded first = LoadPlanned("retrained/1", frozen);
  EXPECT_TRUE(first.report.tried);
  EXPECT_EQ(first.report.plan.kind, PlanKind::kFrozen) << first.report.reason;
  const Loaded next = LoadPlanned("retrained/2", Known(PlanKind::kFrozen, first.report.graph));
  EXPECT_EQ(next.report.reason, "that of another");
  EXPECT_FALSE(next.report.tried);
  EXPECT_EQ(next.report.plan.kind, PlanKind::kFrozen);
  EXPECT_TRUE(next.report.shared_weights) << next.report.no_shared_weights;
  EXPECT_EQ(next.report.graph, first.report.graph) << "for the one after it";
  EXPECT_EQ(next.loads, 1);
  EXPECT_FALSE(next.report.from_checkpoint) << "nothing was learned of the first";
  ExpectAnswersOf("test/models/retrained/2", *next.model);
}

// A load after one of a version with the same graph.
Loaded LoadAfter(const Loaded& first, const std::string& model) {
  PlanOptions plan = Known(PlanKind::kFrozen, first.report.graph);
  plan.learned = LearnFrom(*first.model, std::nullopt, {});
  return LoadPlanned(model, plan);
}

TEST(PlannedLoadTest, AVersionOfTheSameGraphIsReadFromItsCheckpoint) {
  PlanOptions frozen;
  frozen.wanted = PlanKind::kFrozen;
  const Loaded first = LoadPlanned("retrained/1", frozen);
  const Loaded next = LoadAfter(first, "retrained/2");
  EXPECT_TRUE(next.report.from_checkpoint);
  EXPECT_EQ(next.loads, 0) << "TensorFlow's loader had no part in it";
  EXPECT_EQ(next.report.plan.kind, PlanKind::kFrozen);
  EXPECT_TRUE(next.report.shared_weights) << next.report.no_shared_weights;
  EXPECT_EQ(next.report.graph, first.report.graph) << "for the one after it";
  EXPECT_EQ(next.model->signature_def_map(),
            LoadModel("test/models/retrained/2")->signature_def_map());
  ExpectAnswersOf("test/models/retrained/2", *next.model);
}

TEST(PlannedLoadTest, AModelThatAFunctionRestoresIsReadFromItsCheckpointToo) {
  PlanOptions frozen;
  frozen.wanted = PlanKind::kFrozen;
  const std::string mlp = "../../examples/models/keras_mlp/1";
  const Loaded next = LoadAfter(LoadPlanned(mlp, frozen), mlp);
  EXPECT_TRUE(next.report.from_checkpoint) << next.report.reason;
  EXPECT_EQ(next.loads, 0);
  const Signature* const no_outputs = next.model->FindSignature("__saved_model_init_op");
  ASSERT_NE(no_outputs, nullptr);
  EXPECT_FALSE(no_outputs->has_outputs()) << "it has none, though its node is there";
  ExpectAnswersOf("examples/models/keras_mlp/1", *next.model);
}

TEST(PlannedLoadTest, IsLeftToTheLoaderWhereItHasBeenStopped) {
  PlanOptions frozen;
  frozen.wanted = PlanKind::kFrozen;
  const Loaded first = LoadPlanned("retrained/1", frozen);
  PlanOptions plan = Known(PlanKind::kFrozen, first.report.graph);
  plan.learned = LearnFrom(*first.model, std::nullopt, {});
  LoadStop stop;
  stop.Stop();
  plan.stop = &stop;
  LoadOptions options;
  options.path = plan.path = Folder("retrained/2");
  options.tags = {"serve"};
  std::unique_ptr<SavedModel> model;
  PlanReport report;
  const auto unexpected = [](SavedModel*, bool) { ADD_FAILURE() << "no step is begun"; };
  EXPECT_EQ(LoadWithPlan(options, plan, unexpected, &model, &report).code(), Code::kCancelled);
  EXPECT_EQ(model, nullptr);
}

TEST(CheckpointValuesTest, AreThoseThatTheLoaderRestores) {
  for (const std::string model :
       {"test/models/retrained/2", "examples/models/keras_mlp/1", "test/models/conv/1"}) {
    SCOPED_TRACE(model);
    const auto loaded = LoadModel(model);
    const std::string folder = std::string(TENSORGATE_SOURCE_DIR) + "/" + model, no_config;
    SavedGraph saved;
    ASSERT_TRUE(ReadSavedGraph(folder, {"serve"}, &saved));
    std::map<ResourceName, std::string> restored;
    ASSERT_TRUE(FindRestoredVariables(saved.meta_graph_def, saved.graph, &restored));
    std::vector<GraphVariable> variables;
    for (const Node& node : saved.graph.nodes) {
      GraphVariable variable{node.name, DataType::kInvalid, true};
      if (node.op != "VarHandleOp" || restored.count(ResourceOf(node)) == 0) continue;
      ASSERT_TRUE(ReadTypeAttr(*node.attr("dtype"), &variable.dtype));
      variables.push_back(variable);
    }
    ASSERT_FALSE(variables.empty());
    std::vector<TensorHandle> expected, given;
    ASSERT_TRUE(ReadVariables(loaded->graph(), loaded->session(), variables, {}, &expected).ok());
    const Status status = CheckpointValues(saved, folder, no_config).Read(variables, &given);
    ASSERT_TRUE(status.ok()) << status.message();
    for (size_t i = 0; i < variables.size(); ++i) {
      ASSERT_EQ(TF_TensorByteSize(given[i].get()), TF_TensorByteSize(expected[i].get()));
      EXPECT_EQ(std::memcmp(TF_TensorData(given[i].get()), TF_TensorData(expected[i].get()),
                            TF_TensorByteSize(given[i].get())),
                0)
          << variables[i].name;
    }
  }
}

TEST(CheckpointValuesTest, AreNotTakenWhereSomethingElseMayBeToldToVariables) {
  for (const std::string model : {"known_values/1", "plans/1"}) {
    SCOPED_TRACE(model);  // initializes tables; has a variable of TensorFlow 1 besides
    const std::string folder = Folder(model), no_config;
    SavedGraph saved;
    ASSERT_TRUE(ReadSavedGraph(folder, {"serve"}, &saved));
    std::vector<TensorHandle> given;
    EXPECT_EQ(CheckpointValues(saved, folder, no_config).Read({}, &given).code(),
              Code::kFailedPrecondition);
  }
}

TEST(PlannedLoadTest, AnotherGraphHasATrialOfItsOwn) {
  const Loaded loaded =
      LoadPlanned("retrained/1", Known(PlanKind::kFrozen, FingerprintOf("conv/1")));
  EXPECT_TRUE(loaded.report.tried);
  EXPECT_EQ(loaded.loads, 1);
}

TEST(PlannedLoadTest, BeginsAgainWhereAKnownPlanIsNoneAnyMore) {
  const Loaded loaded = LoadPlanned("table/1", Known(PlanKind::kFrozen, ""));
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
  const auto unexpected = [](SavedModel*, bool) { ADD_FAILURE(); };
  const PlanOptions plan = Known(PlanKind::kFrozen, "");
  EXPECT_EQ(LoadWithPlan(options, plan, unexpected, &model, &report).code(), Code::kNotFound);
}

}  // namespace
}  // namespace tensorgate
