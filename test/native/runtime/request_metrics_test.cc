#include "model/request_metrics.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "codec/metrics_text.h"

namespace tensorgate {
namespace {

constexpr size_t kNumbersOfOne = StageHistogram::kLimits + 2;

struct CountedValues {
  size_t histogram;  // 0: in all; then the stages
  size_t bucket;
  double count;
  double sum;
};

RequestStatistics::Series SeriesOf(std::string signature, Method method, Code code,
                                   std::initializer_list<CountedValues> counted) {
  RequestStatistics::Series series;
  series.name = "a \"b\"\\\n";
  series.version = 9007199254740993;
  series.signature = std::move(signature);
  series.method = method;
  series.code = code;
  for (const auto& [histogram, bucket, count, sum] : counted) {
    series.numbers[histogram * kNumbersOfOne + bucket] = count;
    series.numbers[histogram * kNumbersOfOne + StageHistogram::kLimits + 1] = sum;
  }
  return series;
}

std::string TextOf(const std::vector<RequestStatistics::Series>& series) {
  std::string lines;
  std::vector<double> numbers;
  AppendRequestMetrics(series, &lines, &numbers);
  OutputBuffer out;
  EXPECT_TRUE(WriteMetricsText(lines, numbers.data(), numbers.size(), &out));
  return std::string(out.view());
}

TEST(RequestMetrics, HaveAHistogramForEachSeriesAndForStagesThatWereComeTo) {
  const std::string text =
      TextOf({SeriesOf("serving_default", Method::kPredict, Code::kOk,
                       {{0, 3, 2, 11}, {1, 0, 2, 1}, {2, 1, 2, 2.5}, {3, 2, 2, 6}}),
              SeriesOf("", Method::kSessionRun, Code::kUnavailable, {{0, 26, 1, 4e7}})});
  const std::string version =
      "model_name=\"a \\\"b\\\"\\\\\\n\",version=\"9007199254740993\",signature_name=\"";
  const std::string own = version + "serving_default\",method=\"predict\",status=\"OK\"";
  const std::string refused = version + "\",method=\"session_run\",status=\"UNAVAILABLE\"";
  const std::string latency = "\n:tensorgate:request_latency";
  const std::string stage = "\n:tensorgate:request_stage_latency";
  for (const std::string& line : {
           latency + "_bucket{" + own + ",le=\"4\"} 0\n",
           latency + "_bucket{" + own + ",le=\"8\"} 2\n",
           latency + "_sum{" + own + "} 11\n",
           latency + "_bucket{" + refused + ",le=\"3.35544e+07\"} 0\n",
           latency + "_bucket{" + refused + ",le=\"+Inf\"} 1\n",
           stage + "_count{" + own + ",stage=\"queue\"} 2\n",
           stage + "_bucket{" + own + ",stage=\"decode\",le=\"1\"} 0\n",
           stage + "_bucket{" + own + ",stage=\"decode\",le=\"2\"} 2\n",
           stage + "_sum{" + own + ",stage=\"decode\"} 2.5\n",
           stage + "_sum{" + own + ",stage=\"run\"} 6\n",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("stage=\"encode\""), std::string::npos);
  EXPECT_EQ(text.find("status=\"UNAVAILABLE\",stage"), std::string::npos);
}

TEST(RequestMetrics, HaveFamiliesWithoutSeries) {
  EXPECT_EQ(TextOf({}),
            "# TYPE :tensorgate:request_latency histogram\n"
            "# TYPE :tensorgate:request_stage_latency histogram\n");
}

}  // namespace
}  // namespace tensorgate
