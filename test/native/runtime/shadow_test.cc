#include "call/shadow.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "model/run_statistics.h"
#include "model/saved_model.h"
#include "test_model.h"

namespace tensorgate {
namespace {

constexpr char kBody[] = "{\"instances\": [1.0, 2.0]}";

std::shared_ptr<const SavedModel> Load(const std::string& folder) {
  return LoadModel("test/models/" + folder, "shadowed");
}

ShadowResult Shadow(const std::string& folder, const std::string& body, Code code,
                    std::string_view reply) {
  PrimaryAnswer primary;
  primary.code = code;
  primary.reply = reply;
  primary.is_json = true;
  return RunShadow(NewJsonPredictCall(Load(folder)).get(), body, Method::kPredict, primary, 1e-5);
}

TEST(RunShadowTest, ComparesTheReplies) {
  const ShadowResult agreed = Shadow("versions/2", kBody, Code::kOk, "{\"predictions\":[2, 2]}");
  EXPECT_EQ(agreed.outcome, ShadowOutcome::kAgreed);
  EXPECT_EQ(agreed.detail, "");
  const ShadowResult differed = Shadow("versions/2", kBody, Code::kOk, "{\"predictions\":[2, 1]}");
  EXPECT_EQ(differed.outcome, ShadowOutcome::kDiffered);
  EXPECT_EQ(differed.detail, "predictions[1]: 1, shadow 2");
}

TEST(RunShadowTest, FailsWhenTheShadowAloneDoes) {
  const ShadowResult failed =
      Shadow("versions/2", "{\"instances\": [\"x\"]}", Code::kOk, "{\"predictions\":[2]}");
  EXPECT_EQ(failed.outcome, ShadowOutcome::kFailed);
  EXPECT_EQ(failed.detail.rfind("status: OK, shadow INVALID_ARGUMENT: ", 0), 0u) << failed.detail;
}

TEST(RunShadowTest, ComparesErrorsByTheirCodes) {
  const std::string wrong = "{\"instances\": [\"x\"]}";
  EXPECT_EQ(Shadow("versions/2", wrong, Code::kInvalidArgument, "").outcome,
            ShadowOutcome::kAgreed);
  EXPECT_EQ(Shadow("versions/2", wrong, Code::kInternal, "")
                .detail.rfind("status: INTERNAL, shadow INVALID_ARGUMENT: ", 0),
            0u);
  const ShadowResult only_primary = Shadow("versions/2", kBody, Code::kInternal, "");
  EXPECT_EQ(only_primary.outcome, ShadowOutcome::kDiffered);
  EXPECT_EQ(only_primary.detail, "status: INTERNAL, shadow OK");
}

TEST(RunShadowTest, CountsNoRun) {
  const auto runs = [] {
    uint64_t sum = 0;
    ModelStatistics* model = RunStatistics::Process().Model("shadowed");
    for (const uint64_t bucket : model->runs(Method::kPredict).Read().buckets) sum += bucket;
    return sum;
  };
  const uint64_t before = runs();
  EXPECT_EQ(Shadow("versions/2", kBody, Code::kOk, "{\"predictions\":[2, 2]}").outcome,
            ShadowOutcome::kAgreed);
  EXPECT_EQ(runs(), before);
  OutputBuffer out;
  const std::unique_ptr<InferenceCall> call = NewJsonPredictCall(Load("versions/2"));
  ASSERT_TRUE(call->Decode(kBody, DecodeLimits()).ok());
  ASSERT_TRUE(call->RunAndEncode(&out).ok());
  EXPECT_EQ(runs(), before + 1);
}

}  // namespace
}  // namespace tensorgate
