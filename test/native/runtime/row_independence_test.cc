// Which signatures are proven to have independent rows, and what is said against others.
#include "warmup/row_independence.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "test_model.h"
#include "warmup/row_trial.h"

namespace tensorgate {
namespace {

// What saved_model writes beside the signatures.
constexpr char kInitOp[] = "__saved_model_init_op";

std::map<std::string, SignatureRows> RowsOf(const SavedModel& model,
                                            RowPolicy policy = RowPolicy::kProve) {
  std::map<std::string, SignatureRows> rows;
  for (SignatureRows& each : ProveRows(model, policy)) rows.emplace(each.signature, each);
  rows.erase(kInitOp);
  return rows;
}

std::map<std::string, SignatureRows> Tried(SavedModel* model, RowPolicy policy,
                                           const RowTrialLimits& limits = RowTrialLimits()) {
  std::vector<SignatureRows> results = ProveRows(*model, policy);
  RunRowTrial(limits, model, &results);
  std::map<std::string, SignatureRows> rows;
  for (SignatureRows& each : results) rows.emplace(each.signature, each);
  return rows;
}

TEST(RowIndependenceTest, ProvesEachRowApart) {
  const auto model = LoadModel("test/models/rows_apart/1");
  const auto rows = RowsOf(*model);
  EXPECT_GE(rows.size(), 25u);
  for (const auto& [name, each] : rows) {
    EXPECT_EQ(each.refusal, "") << name;
    EXPECT_TRUE(each.is_proven) << name;
  }
}

TEST(RowIndependenceTest, ProvesNothingOfRowsThatAreTogether) {
  const auto model = LoadModel("test/models/rows_together/1");
  const auto rows = RowsOf(*model);
  EXPECT_GE(rows.size(), 45u);
  for (const auto& [name, each] : rows) {
    EXPECT_NE(each.refusal, "") << name;
    EXPECT_FALSE(each.is_proven) << name;
  }
}

TEST(RowIndependenceTest, SaysWhatStandsAgainstIt) {
  const auto model = LoadModel("test/models/rows_together/1");
  const auto rows = RowsOf(*model);
  const std::map<std::string, std::string> expected = {
      {"mean", "node \"Mean\" (Mean) reduces over the rows"},
      {"faintly", "node \"Sum\" (Sum) reduces over the rows"},
      {"products", "node \"MatMul\" (MatMul) multiplies rows with each other"},
      {"training", "node \"FusedBatchNormV3\" (FusedBatchNormV3) takes averages over the rows"},
      {"divided_by_number", "node \"truediv\" (RealDiv) gets the number of rows"},
      {"branch_by_number", "node \"cond\" (StatelessIf) branches by the number of rows"},
      {"loop_by_number", "node \"while\" (StatelessWhile) loops by the number of rows"},
      {"numbered", "node \"range\" (Range) numbers the rows"},
      {"turned", "node \"strided_slice\" (StridedSlice) takes some of the rows"},
      {"in_pairs", "node \"Reshape\" (Reshape) cuts rows to pieces"},
      {"bins_up_to_largest", "node \"bincount/Max\" (Max) reduces over the rows"},
      {"first_found", "node \"Unique\" (Unique) is not known to keep rows apart"},
      {"longest_feature",
       "node \"ParseExample/ParseExampleV2\" (ParseExampleV2) pads rows to the longest of them"},
      {"taking_turns", "node \"while\" (StatelessWhile) carries something from row to row"},
      {"each_beside_all", "node \"map/while/Mean\" (Mean) reduces over the rows"},
      {"counted", "a run may change its state or draw random numbers (AssignAddVariableOp)"},
      {"random", "a run may change its state or draw random numbers (RandomUniform)"},
      {"total", "node \"Sum\" (Sum) reduces over the rows"},
      {"constant", "output \"y\" has no row for each input row"},
  };
  for (const auto& [name, refusal] : expected) EXPECT_EQ(rows.at(name).refusal, refusal) << name;
}

// As TensorFlow 1 saved them: the nodes of the graph, and no functions.
TEST(RowIndependenceTest, KnowsGraphsWithoutFunctions) {
  const auto model = LoadModel("test/models/row_kinds/1");
  const auto rows = RowsOf(*model);
  for (const auto& [name, each] : rows) {
    const bool is_independent =
        name.rfind("independent", 0) == 0 || name == "text" || name == "loop";
    EXPECT_EQ(each.is_proven, is_independent) << name << ": " << each.refusal;
  }
  EXPECT_EQ(rows.at("two_rows").refusal, "its inputs do not take any number of rows");
}

TEST(RowIndependenceTest, ProvesTheModelsOfTheDemoAndOfImages) {
  for (const char* path : {"examples/models/half_plus_two/1", "examples/models/keras_mlp/1",
                           "test/models/conv/1", "test/models/bottlenecks/1"}) {
    const auto model = LoadModel(path);
    EXPECT_EQ(RowsOf(*model).at("serving_default").refusal, "") << path;
  }
}

TEST(RowIndependenceTest, AssumesWhatItIsTold) {
  const auto model = LoadModel("test/models/row_kinds/1");
  const auto rows = RowsOf(*model, RowPolicy::kAssumeIndependent);
  EXPECT_EQ(rows.at("softmax_over_rows").refusal, "");
  EXPECT_FALSE(rows.at("softmax_over_rows").is_proven);
  EXPECT_EQ(rows.at("two_rows").refusal, "its inputs do not take any number of rows");
}

TEST(RowTrialTest, ChecksAndMeasuresWhatIsProven) {
  const auto model = LoadModel("test/models/row_kinds/1");
  const auto rows = Tried(model.get(), RowPolicy::kProve);
  for (const char* name : {"independent", "independent_half", "independent_two_inputs"}) {
    EXPECT_EQ(rows.at(name).refusal, "") << name;
    EXPECT_GT(rows.at(name).one_row.count(), 0) << name;
    EXPECT_GT(rows.at(name).two_rows.count(), 0) << name;
    EXPECT_TRUE(model->FindSignature(name)->rows_proven) << name;
  }
  EXPECT_FALSE(model->FindSignature("softmax_over_rows")->rows_proven);
}

// As if the proof had a gap.
TEST(RowTrialTest, RefusesAProofThatDoesNotHold) {
  const auto model = LoadModel("test/models/row_kinds/1");
  std::vector<SignatureRows> results = ProveRows(*model, RowPolicy::kAssumeIndependent);
  for (SignatureRows& each : results) each.is_proven = each.refusal.empty();
  RunRowTrial(RowTrialLimits(), model.get(), &results);
  for (const SignatureRows& each : results) {
    if (each.signature == "softmax_over_rows") {
      EXPECT_EQ(each.refusal, "output \"y\" differs when its row is alone");
    }
    if (each.signature == "best_of_rows") {
      EXPECT_EQ(each.refusal, "output \"y\" depends on other rows");
    }
  }
  EXPECT_FALSE(model->FindSignature("softmax_over_rows")->rows_proven);
}

TEST(RowTrialTest, SaysNothingAgainstWhatIsAssumed) {
  const auto model = LoadModel("test/models/row_kinds/1");
  const auto rows = Tried(model.get(), RowPolicy::kAssumeIndependent);
  EXPECT_EQ(rows.at("softmax_over_rows").refusal, "");
  EXPECT_TRUE(model->FindSignature("softmax_over_rows")->rows_proven);
}

TEST(RowTrialTest, LetsAProofStandThatItCannotTry) {
  const auto model = LoadModel("test/models/row_kinds/1");
  RowTrialLimits limits;
  limits.time = std::chrono::milliseconds(0);
  const auto rows = Tried(model.get(), RowPolicy::kProve, limits);
  EXPECT_EQ(rows.at("independent").refusal, "");
  EXPECT_EQ(rows.at("independent").one_row.count(), 0);
  EXPECT_TRUE(model->FindSignature("independent")->rows_proven);
}

}  // namespace
}  // namespace tensorgate
