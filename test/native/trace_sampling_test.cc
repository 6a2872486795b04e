// Which requests are traced: by the client's W3C traceparent, else by a share.
#include "tracing/trace_sampling.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tensorgate {
namespace {

constexpr std::string_view kSampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view kNotSampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

TEST(ReadTraceParentTest, ReadsTheSampledFlagAmongOthers) {
  EXPECT_TRUE(ReadTraceParent(kSampled).valid);
  EXPECT_TRUE(ReadTraceParent(kSampled).sampled);
  EXPECT_TRUE(ReadTraceParent(kNotSampled).valid);
  EXPECT_FALSE(ReadTraceParent(kNotSampled).sampled);
  std::string other_flags(kNotSampled);
  other_flags.replace(53, 2, "fe");
  EXPECT_TRUE(ReadTraceParent(other_flags).valid);
  EXPECT_FALSE(ReadTraceParent(other_flags).sampled);
  other_flags.replace(53, 2, "03");
  EXPECT_TRUE(ReadTraceParent(other_flags).sampled);
}

TEST(ReadTraceParentTest, TakesLaterVersionsThatBeginAlike) {
  const std::string later = "cc" + std::string(kSampled.substr(2));
  EXPECT_TRUE(ReadTraceParent(later).sampled);
  EXPECT_TRUE(ReadTraceParent(later + "-what-comes").sampled);
  EXPECT_FALSE(ReadTraceParent(later + "what-comes").valid);
}

TEST(ReadTraceParentTest, TakesNothingElse) {
  const std::string good(kSampled);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(ReadTraceParent(good.substr(0, size)).valid) << size;
  }
  EXPECT_FALSE(ReadTraceParent(good + "-more").valid);
  EXPECT_FALSE(ReadTraceParent("ff" + good.substr(2)).valid);
  for (size_t i = 0; i < good.size(); ++i) {
    for (char wrong : {'G', 'A', ' ', '\0'}) {
      std::string broken = good;
      broken[i] = wrong;
      EXPECT_FALSE(ReadTraceParent(broken).valid) << broken;
    }
  }
  EXPECT_FALSE(ReadTraceParent("00-00000000000000000000000000000000-00f067aa0ba902b7-01").valid);
  EXPECT_FALSE(ReadTraceParent("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01").valid);
}

// One test, since it is for the process and is never switched off again.
TEST(TraceSamplingTest, GoesByTheParentThenByTheShare) {
  EXPECT_FALSE(TraceSampling::Wants(kSampled));  // off
  TraceSampling::Configure(0, true);
  EXPECT_TRUE(TraceSampling::Wants(kSampled));
  EXPECT_FALSE(TraceSampling::Wants(kNotSampled));
  EXPECT_FALSE(TraceSampling::Wants(""));
  EXPECT_FALSE(TraceSampling::Wants("nonsense"));
  TraceSampling::Configure(1, true);
  EXPECT_FALSE(TraceSampling::Wants(kNotSampled));
  EXPECT_TRUE(TraceSampling::Wants(""));
  EXPECT_TRUE(TraceSampling::Wants("nonsense"));
  TraceSampling::Configure(0, false);
  EXPECT_FALSE(TraceSampling::Wants(kSampled));
  TraceSampling::Configure(0.25, true);
  int traced = 0;
  for (int i = 0; i < 100000; ++i) traced += TraceSampling::Wants("") ? 1 : 0;
  EXPECT_GT(traced, 20000);
  EXPECT_LT(traced, 30000);
}

}  // namespace
}  // namespace tensorgate
