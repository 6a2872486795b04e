#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "batch_tasks.h"
#include "cache/response_caches.h"
#include "codec/proto/request_encode.h"
#include "test_model.h"

namespace tensorgate {
namespace {

class PredictCacheTest : public ::testing::Test {
 protected:
  void SetUp() override { Configure({}); }
  void TearDown() override { ResponseCaches::Process().Configure({}); }

  void Configure(std::vector<std::string> key) {
    CacheSettings settings;
    settings.max_bytes = 1 << 20;
    settings.key = std::move(key);
    ResponseCaches::Process().Configure({{"m", settings}});
  }

  // The reply, or the code.
  static std::string Ask(std::unique_ptr<InferenceCall> call, const std::string& body,
                         CacheUse use = CacheUse::kAllow) {
    call->SetClients();
    call->SetCacheUse(use);
    OutputBuffer out;
    Status status = call->Decode(body, DecodeLimits());
    if (!status.ok()) return status.message();
    EXPECT_EQ(call->FindAnswer(RunBy::kPool), nullptr);
    status = call->RunAndEncode(&out);
    return status.ok() ? std::string(out.view()) : std::string(CodeName(status.code()));
  }
  static std::string AskJson(const Model& model, const std::string& body,
                             CacheUse use = CacheUse::kAllow) {
    return Ask(NewJsonPredictCall(model), body, use);
  }
  static ResponseCache::Counts CountsOf(const Model& model) { return model->cache().Read(); }
};

TEST_F(PredictCacheTest, RestAndGrpcShareAnswers) {
  const Model model = LoadModel("examples/models/half_plus_two/1");
  const std::string rows = AskJson(model, "{\"instances\": [1.0, 2.0]}");
  EXPECT_EQ(AskJson(model, "{\"instances\": [1, 2.0]}"), rows);
  const std::string columns = AskJson(model, "{\"inputs\": [1.0, 2.0]}");
  EXPECT_NE(columns, rows);
  const float values[] = {1, 2};
  const int64_t dims[] = {2};
  TensorView view;
  view.dtype = DataType::kFloat;
  view.dims = dims;
  view.rank = 1;
  view.elements = 2;
  view.data = values;
  OutputBuffer request;
  ASSERT_TRUE(EncodePredictRequest("m", "serving_default", {{"x", view}}, &request).ok());
  const std::string proto(request.view());
  const std::string kept = Ask(NewProtoPredictCall(model, false), proto);
  EXPECT_EQ(CountsOf(model).hits, 3u);
  EXPECT_EQ(CountsOf(model).misses, 1u);
  EXPECT_EQ(Ask(NewProtoPredictCall(model, false), proto, CacheUse::kNone), kept);
  EXPECT_EQ(AskJson(model, "{\"instances\": [1.0, 2.0]}", CacheUse::kNone), rows);
  EXPECT_EQ(CountsOf(model).hits, 3u);
}

TEST_F(PredictCacheTest, KeepsNoFailures) {
  const Model model = LoadModel("test/models/failing/1");
  for (uint64_t i = 1; i <= 2; ++i) {
    EXPECT_EQ(AskJson(model, "{\"instances\": [0]}"), "INVALID_ARGUMENT");
    EXPECT_EQ(CountsOf(model).misses, i);
  }
  EXPECT_EQ(CountsOf(model).entries, 0u);
}

TEST_F(PredictCacheTest, LetsTheConfiguredInputsCountAlone) {
  const Model model = LoadModel("test/models/slow/1");
  Configure({"x"});
  const std::string first = AskJson(model, "{\"inputs\": {\"x\": [1], \"iterations\": [1]}}");
  EXPECT_EQ(AskJson(model, "{\"inputs\": {\"iterations\": [2], \"x\": [1]}}"), first);
  EXPECT_EQ(CountsOf(model).hits, 1u);
  AskJson(model, "{\"inputs\": {\"x\": [2], \"iterations\": [1]}}");
  EXPECT_EQ(CountsOf(model).misses, 2u);
  // What is none of its inputs says nothing of which requests are equal.
  Configure({"y"});
  AskJson(model, "{\"inputs\": {\"x\": [1], \"iterations\": [1]}}");
  EXPECT_EQ(CountsOf(model).misses, 2u);
}

TEST_F(PredictCacheTest, RefreshesForNoCache) {
  const Model model = LoadModel("examples/models/half_plus_two/1");
  const std::string body = "{\"instances\": [4.0]}";
  const std::string reply = AskJson(model, body);
  EXPECT_EQ(AskJson(model, body, CacheUse::kRefresh), reply);
  EXPECT_EQ(CountsOf(model).refreshed, 1u);
  EXPECT_EQ(AskJson(model, body), reply);
  EXPECT_EQ(CountsOf(model).hits, 1u);
}

TEST_F(PredictCacheTest, WaitsForAnEqualRequest) {
  const Model model = LoadModel("examples/models/half_plus_two/1");
  const std::string body = "{\"instances\": [5.0]}";
  std::unique_ptr<InferenceCall> first = NewJsonPredictCall(model);
  std::unique_ptr<InferenceCall> second = NewJsonPredictCall(model);
  for (InferenceCall* const call : {first.get(), second.get()}) {
    call->SetClients();
    ASSERT_TRUE(call->Decode(body, DecodeLimits()).ok());
  }
  EXPECT_EQ(first->FindAnswer(RunBy::kPool), nullptr);
  const std::shared_ptr<Flight> flight = second->FindAnswer(RunBy::kPool);
  ASSERT_NE(flight, nullptr);
  EXPECT_EQ(second->FindAnswer(RunBy::kPool), flight);
  OutputBuffer out;
  ASSERT_TRUE(first->RunAndEncode(&out).ok());
  EXPECT_EQ(second->FindAnswer(RunBy::kPool), nullptr);
  EXPECT_GT(second->answer_bytes(), 0u);
  OutputBuffer shared;
  ASSERT_TRUE(second->RunAndEncode(&shared).ok());
  EXPECT_EQ(out.view(), shared.view());
  EXPECT_EQ(second->run_time().count(), 0);
}

TEST_F(PredictCacheTest, BatchesFillIt) {
  const Model model = LoadModel("examples/models/half_plus_two/1");
  std::vector<BatchPart> parts;
  for (const char* body : {"{\"instances\": [6.0]}", "{\"instances\": [7.0]}"}) {
    std::unique_ptr<InferenceCall> call = NewJsonPredictCall(model);
    call->SetClients();
    ASSERT_TRUE(call->Decode(body, DecodeLimits()).ok());
    EXPECT_EQ(call->FindAnswer(RunBy::kPool), nullptr);
    parts.push_back(WholeOf(std::make_shared<BatchTask>(std::move(call), 1)));
  }
  RunBatch({}, &parts);
  EXPECT_EQ(AskJson(model, "{\"instances\": [7.0]}"), AnswerOf(parts[1]));
  EXPECT_EQ(AskJson(model, "{\"instances\": [6.0]}"), AnswerOf(parts[0]));
  EXPECT_EQ(CountsOf(model).hits, 2u);
}

TEST_F(PredictCacheTest, KnowsWhatIsRepeatable) {
  const auto reason = [](const std::string& folder) {
    return LoadModel(folder)->signatures()[0].not_repeatable;
  };
  EXPECT_EQ(reason("test/models/slow/1"), "");
  EXPECT_EQ(reason("examples/models/iris_classifier/1"), "");
  EXPECT_NE(reason("test/models/counter/1").find("may change state"), std::string::npos);
  EXPECT_NE(reason("test/models/reads_file/1").find("op ReadFile"), std::string::npos);
  const Model counter = LoadModel("test/models/counter/1");
  for (const Signature& signature : counter->signatures()) {
    EXPECT_NE(signature.not_repeatable, "") << signature.def.name;  // reads what another changes
  }
}

}  // namespace
}  // namespace tensorgate
