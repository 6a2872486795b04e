#include "codec/metrics_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace tensorgate {
namespace {

std::string MetricsTextOf(std::string_view lines, const std::vector<double>& numbers) {
  OutputBuffer out;
  if (!WriteMetricsText(lines, numbers.data(), numbers.size(), &out)) return "refused";
  return std::string(out.view());
}

TEST(MetricsText, WritesScalarsSortedByLabelValues) {
  EXPECT_EQ(
      MetricsTextOf("# TYPE :a counter\n\na=\"xy\",b=\"1\"\na=\"x\",b=\"2\"\na=\"x!\",b=\"0\"\n"
                    "# TYPE :b gauge\n\n\n",
                    {3, 2, 1, -4}),
      "# TYPE :a counter\n:a{a=\"x\",b=\"2\"} 2\n:a{a=\"x!\",b=\"0\"} 1\n"
      ":a{a=\"xy\",b=\"1\"} 3\n# TYPE :b gauge\n:b{} -4\n");
}

TEST(MetricsText, WritesHistogramsCumulatively) {
  EXPECT_EQ(
      MetricsTextOf("# TYPE :h histogram\n1 2\n\ns=\"good\"\n", {1, 0, 2, 7.25, 0, 1, 0, 1e6}),
      "# TYPE :h histogram\n:h_bucket{le=\"1\"} 1\n:h_bucket{le=\"2\"} 1\n"
      ":h_bucket{le=\"+Inf\"} 3\n:h_sum{} 7.25\n:h_count{} 3\n"
      ":h_bucket{s=\"good\",le=\"1\"} 0\n:h_bucket{s=\"good\",le=\"2\"} 1\n"
      ":h_bucket{s=\"good\",le=\"+Inf\"} 1\n:h_sum{s=\"good\"} 1e+06\n:h_count{s=\"good\"} 1\n");
}

TEST(MetricsText, WritesNumbersAsTheyAre) {
  const double third = 1.0 / 3;
  const std::string text = MetricsTextOf("# TYPE :g gauge\n\na=\"1\"\na=\"2\"\na=\"3\"\na=\"4\"\n",
                                         {2.634, 1798761600, third, std::nan("")});
  EXPECT_EQ(text,
            "# TYPE :g gauge\n:g{a=\"1\"} 2.634\n:g{a=\"2\"} 1798761600\n"
            ":g{a=\"3\"} 0.3333333333333333\n:g{a=\"4\"} NaN\n");
}

TEST(MetricsText, KeepsFamiliesWithoutSamples) {
  EXPECT_EQ(MetricsTextOf("# TYPE :a counter\n\n# TYPE :h histogram\n1 2\n", {}),
            "# TYPE :a counter\n# TYPE :h histogram\n");
  EXPECT_EQ(MetricsTextOf("", {}), "");
}

TEST(MetricsText, RefusesNumbersThatAreNotAsMany) {
  EXPECT_EQ(MetricsTextOf("# TYPE :a counter\n\na=\"x\"\n", {}), "refused");
  EXPECT_EQ(MetricsTextOf("# TYPE :a counter\n\na=\"x\"\n", {1, 2}), "refused");
  EXPECT_EQ(MetricsTextOf("# TYPE :h histogram\n1\na=\"x\"\n", {1, 2}), "refused");
}

}  // namespace
}  // namespace tensorgate
