#include "model/run_statistics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "call/inference_call.h"
#include "codec/limits.h"
#include "model/saved_model.h"

namespace tensorgate {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

uint64_t Total(const HistogramValues& values) {
  return std::accumulate(values.buckets.begin(), values.buckets.end(), uint64_t{0});
}

std::string PathOf(const std::string& folder) {
  return std::string(TENSORGATE_SOURCE_DIR) + "/" + folder;
}

Status LoadAs(const std::string& name, const std::string& path,
              std::unique_ptr<SavedModel>* model) {
  LoadOptions options;
  options.name = name;
  options.version = 1;
  options.path = path;
  options.tags = {"serve"};
  return SavedModel::Load(options, model);
}

Status Answer(std::unique_ptr<InferenceCall> call, std::string_view body) {
  OutputBuffer out;
  Status status = call->Decode(body, DecodeLimits());
  return status.ok() ? call->RunAndEncode(&out) : status;
}

TEST(LatencyHistogramTest, PutsAValueEqualToALimitIntoTheNextBucket) {
  EXPECT_EQ(LatencyHistogram::BucketOf(0), 0u);
  EXPECT_EQ(LatencyHistogram::BucketOf(9.999), 0u);
  EXPECT_EQ(LatencyHistogram::BucketOf(10), 1u);
  EXPECT_EQ(LatencyHistogram::BucketOf(18), 2u);
  EXPECT_EQ(LatencyHistogram::BucketOf(1.47e9), 32u);
  EXPECT_EQ(LatencyHistogram::BucketOf(1.48e9), 33u);
}

TEST(LatencyHistogramTest, SumsMicroseconds) {
  LatencyHistogram histogram;
  histogram.Record(nanoseconds(2500));
  histogram.Record(microseconds(10));
  const HistogramValues values = histogram.Read();
  EXPECT_DOUBLE_EQ(values.sum, 12.5);
  EXPECT_EQ(values.buckets.size(), 34u);
  EXPECT_EQ(values.buckets[0], 1u);
  EXPECT_EQ(values.buckets[1], 1u);
}

TEST(LatencyHistogramTest, LosesNothingUnderManyThreads) {
  LatencyHistogram histogram;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int run = 0; run < 10000; ++run) histogram.Record(microseconds(run % 100));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Total(histogram.Read()), 40000u);
  EXPECT_DOUBLE_EQ(histogram.Read().sum, 4 * 100 * 4950.0);
}

TEST(ExampleCountsTest, CountsInPowersOfTwo) {
  ExampleCounts counts;
  for (const int64_t examples : {1, 2, 3, 16383, 16384, 100000}) counts.Record(examples);
  const HistogramValues values = counts.Read();
  ASSERT_EQ(values.buckets.size(), 16u);
  EXPECT_EQ(values.buckets[0], 0u);
  EXPECT_EQ(values.buckets[1], 1u);  // 1
  EXPECT_EQ(values.buckets[2], 2u);  // 2 and 3
  EXPECT_EQ(values.buckets[14], 1u);
  EXPECT_EQ(values.buckets[15], 2u);
  EXPECT_DOUBLE_EQ(values.sum, 1 + 2 + 3 + 16383 + 16384 + 100000);
}

TEST(RunStatisticsTest, CountsSuccessfulRunsOfAModelByMethodAndSurvivesIt) {
  ModelStatistics* const statistics = RunStatistics::Process().Model("counted");
  std::unique_ptr<SavedModel> loaded;
  ASSERT_TRUE(LoadAs("counted", PathOf("examples/models/half_plus_two/1"), &loaded).ok());
  std::shared_ptr<const SavedModel> model = std::move(loaded);
  EXPECT_TRUE(Answer(NewJsonPredictCall(model), R"({"instances": [1.0]})").ok());
  EXPECT_FALSE(Answer(NewJsonPredictCall(model), R"({"instances": ["x"]})").ok());
  model.reset();
  EXPECT_EQ(Total(statistics->runs(Method::kPredict).Read()), 1u);
  EXPECT_GT(statistics->runs(Method::kPredict).Read().sum, 0);
  EXPECT_EQ(Total(statistics->runs(Method::kClassify).Read()), 0u);
  EXPECT_EQ(Total(statistics->examples.Read()), 0u);
}

TEST(RunStatisticsTest, LeavesRunsThatFailOut) {
  std::unique_ptr<SavedModel> loaded;
  ASSERT_TRUE(LoadAs("failing", PathOf("test/models/failing/1"), &loaded).ok());
  std::shared_ptr<const SavedModel> model = std::move(loaded);
  EXPECT_FALSE(Answer(NewJsonPredictCall(model), R"({"inputs": {"x": [0]}})").ok());
  EXPECT_EQ(Total(RunStatistics::Process().Model("failing")->runs(Method::kPredict).Read()), 0u);
}

TEST(RunStatisticsTest, CountsAttemptsToLoadByPath) {
  const std::string path = PathOf("test/models/multi_io/1");
  std::unique_ptr<SavedModel> model;
  ASSERT_TRUE(LoadAs("loads", path, &model).ok());
  ASSERT_FALSE(LoadAs("loads", "/nowhere", &model).ok());
  const auto loads = RunStatistics::Process().Loads();
  EXPECT_GE(loads.at(path).successes, 1u);
  EXPECT_EQ(loads.at(path).failures, 0u);
  EXPECT_GT(loads.at(path).microseconds, 0u);
  EXPECT_EQ(loads.at("/nowhere").failures, 1u);
  EXPECT_EQ(loads.at("/nowhere").successes, 0u);
}

TEST(RunStatisticsTest, HasOneEntryPerName) {
  RunStatistics& statistics = RunStatistics::Process();
  EXPECT_EQ(statistics.Model("one"), statistics.Model("one"));
  EXPECT_NE(statistics.Model("one"), statistics.Model("two"));
}

}  // namespace
}  // namespace tensorgate
