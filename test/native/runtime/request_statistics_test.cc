#include "model/request_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace tensorgate {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

constexpr size_t kHistogramNumbers = StageHistogram::kLimits + 2;
constexpr nanoseconds kNotReached{-1};

struct StatisticsRead {
  std::vector<RequestStatistics::Series> series;
  std::vector<RequestStatistics::InFlight> in_flight;
};

StatisticsRead ReadAll() {
  return {RequestStatistics::ReadSeries(), RequestStatistics::ReadInFlight()};
}

double CountOf(const RequestStatistics::Series& series, size_t histogram) {
  double count = 0;
  for (size_t i = 0; i <= StageHistogram::kLimits; ++i) {
    count += series.numbers[histogram * kHistogramNumbers + i];
  }
  return count;
}

double SumOf(const RequestStatistics::Series& series, size_t histogram) {
  return series.numbers[histogram * kHistogramNumbers + StageHistogram::kLimits + 1];
}

TEST(StageHistogram, APowerOfTwoMicrosecondsIsInTheNextBucket) {
  EXPECT_EQ(StageHistogram::BucketOf(0), 0u);
  EXPECT_EQ(StageHistogram::BucketOf(999), 0u);
  EXPECT_EQ(StageHistogram::BucketOf(1000), 1u);
  EXPECT_EQ(StageHistogram::BucketOf(1999), 1u);
  EXPECT_EQ(StageHistogram::BucketOf(2000), 2u);
  EXPECT_EQ(StageHistogram::BucketOf(1000 * ((uint64_t{1} << 25) - 1)), 25u);
  EXPECT_EQ(StageHistogram::BucketOf(1000 * (uint64_t{1} << 25)), 26u);
  EXPECT_EQ(StageHistogram::BucketOf(~uint64_t{0}), 26u);
}

TEST(RequestStatistics, ReadsWhatWasCountedByLabelsAndForgetsAVersionThatIsGone) {
  auto statistics =
      std::make_unique<RequestStatistics>("counted", 3, std::vector<std::string>{"a", "b"});
  const StageTimes stages = {microseconds(1), microseconds(2), microseconds(4), microseconds(8)};
  statistics->Enter();
  statistics->Record(1, Method::kPredict, Code::kOk, microseconds(20), stages);
  statistics->Record(1, Method::kPredict, Code::kOk, microseconds(30), stages);
  const StageTimes none = {kNotReached, microseconds(5), kNotReached, kNotReached};
  statistics->Record(-1, Method::kMultiInference, Code::kInvalidArgument, microseconds(5), none);

  const StatisticsRead read = ReadAll();
  ASSERT_EQ(read.in_flight.size(), 1u);
  EXPECT_EQ(read.in_flight[0].name, "counted");
  EXPECT_EQ(read.in_flight[0].version, 3);
  EXPECT_EQ(read.in_flight[0].requests, 1);
  ASSERT_EQ(read.series.size(), 2u);
  const RequestStatistics::Series& refused = read.series[0];  // the empty signature is first
  EXPECT_EQ(refused.signature, "");
  EXPECT_EQ(refused.method, Method::kMultiInference);
  EXPECT_EQ(refused.code, Code::kInvalidArgument);
  EXPECT_EQ(CountOf(refused, 0), 1);
  EXPECT_EQ(CountOf(refused, 1), 0);
  EXPECT_EQ(CountOf(refused, 2), 1);
  const RequestStatistics::Series& ok = read.series[1];
  EXPECT_EQ(ok.signature, "b");
  EXPECT_EQ(ok.code, Code::kOk);
  EXPECT_EQ(CountOf(ok, 0), 2);
  EXPECT_EQ(SumOf(ok, 0), 50);
  EXPECT_EQ(SumOf(ok, 1 + static_cast<size_t>(RequestStage::kEncode)), 16);

  statistics.reset();
  EXPECT_TRUE(ReadAll().series.empty());
  EXPECT_TRUE(ReadAll().in_flight.empty());
}

TEST(RequestStatistics, AVersionThatIsLoadedTwiceHasOneSeries) {
  RequestStatistics before("twice", 1, {"s"});
  RequestStatistics after("twice", 1, {"s"});
  for (RequestStatistics* each : {&before, &after}) {
    each->Enter();
    each->Record(0, Method::kPredict, Code::kOk, microseconds(1), {});
  }
  const StatisticsRead read = ReadAll();
  ASSERT_EQ(read.series.size(), 1u);
  EXPECT_EQ(CountOf(read.series[0], 0), 2);
  ASSERT_EQ(read.in_flight.size(), 1u);
  EXPECT_EQ(read.in_flight[0].requests, 2);
}

TEST(RequestStatistics, ThreadsCountTogetherAndWhoCameMayLeaveElsewhere) {
  RequestStatistics statistics("shared", 1, {"s"});
  constexpr int kThreads = 12;  // more than there are shards
  constexpr int kRequests = 500;
  for (int i = 0; i < kThreads * kRequests; ++i) statistics.Enter();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int request = 0; request < kRequests; ++request) {
        statistics.Record(0, Method::kClassify, Code::kOk, microseconds(3), {});
        statistics.Leave();
      }
    });
  }
  ReadAll();  // at the same time
  for (std::thread& thread : threads) thread.join();
  const StatisticsRead read = ReadAll();
  ASSERT_EQ(read.series.size(), 1u);
  EXPECT_EQ(CountOf(read.series[0], 0), kThreads * kRequests);
  EXPECT_EQ(SumOf(read.series[0], 0), 3.0 * kThreads * kRequests);
  EXPECT_EQ(read.in_flight[0].requests, 0);
}

}  // namespace
}  // namespace tensorgate
