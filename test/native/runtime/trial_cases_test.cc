#include "plan/trial_cases.h"

#include <gtest/gtest.h>

#include "test_model.h"

namespace tensorgate {
namespace {

// Sequences of several steps may fail without rows in a graph where those of one step do not.
TEST(TrialCasesTest, HaveNoRowsOfOneStepAndOfSeveral) {
  const auto model = LoadModel("test/models/rows_apart/1");
  const Signature& signature = *model->FindSignature("attention");
  std::vector<int64_t> steps;
  for (const TrialCase& each : MakeTrialCases(*model, "/nowhere", true)) {
    if (each.kind != TrialCaseKind::kNoRows || each.feeds[0].oper != signature.inputs[0].oper) {
      continue;
    }
    EXPECT_EQ(TF_Dim(each.values[0], 0), 0);
    steps.push_back(TF_Dim(each.values[0], 1));
  }
  EXPECT_EQ(steps, (std::vector<int64_t>{1, 4}));
}

}  // namespace
}  // namespace tensorgate
