#include "model/run_pace.h"

#include <gtest/gtest.h>

#include <chrono>

namespace tensorgate {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class RunPaceTest : public testing::Test {
 protected:
  void SetUp() override { RunPace::SetLimit(microseconds(50)); }
  void TearDown() override { RunPace::SetLimit(microseconds(0)); }

  void Record(int runs, microseconds time) {
    for (int i = 0; i < runs; ++i) pace_.Record(time);
  }

  RunPace pace_;
};

TEST_F(RunPaceTest, CallsRunsShortOnceThatIsKnown) {
  EXPECT_FALSE(pace_.IsShort());
  Record(59, microseconds(50));
  EXPECT_FALSE(pace_.IsShort());
  Record(1, microseconds(50));
  EXPECT_TRUE(pace_.IsShort());
}

TEST_F(RunPaceTest, PassesOverFewLongRuns) {
  Record(64, microseconds(10));
  Record(4, microseconds(51));
  EXPECT_TRUE(pace_.IsShort());
  Record(1, microseconds(51));
  EXPECT_FALSE(pace_.IsShort());
  Record(60, microseconds(10));
  EXPECT_TRUE(pace_.IsShort());
}

TEST_F(RunPaceTest, CallsNoRunShortWithoutALimit) {
  RunPace::SetLimit(microseconds(0));
  Record(64, microseconds(1));
  EXPECT_FALSE(pace_.IsShort());
}

TEST_F(RunPaceTest, MeasuresThoseThatFollowALongOne) {
  Record(64, microseconds(10));
  EXPECT_FALSE(pace_.WantsCpuTime());
  pace_.RecordLasted(microseconds(999));
  EXPECT_FALSE(pace_.WantsCpuTime());
  pace_.RecordLasted(milliseconds(2));
  EXPECT_TRUE(pace_.WantsCpuTime());
  EXPECT_TRUE(pace_.IsShort());
  pace_.RecordLasted(milliseconds(51));
  EXPECT_FALSE(pace_.IsShort());
}

TEST_F(RunPaceTest, BarsWhatHeldUpTheLoopForLongerEachTime) {
  Record(64, microseconds(10));
  pace_.RecordOnLoop(RunPace::kTooLong);
  EXPECT_TRUE(pace_.IsShort());
  for (int bar = 1024; bar <= 4096; bar *= 2) {
    pace_.RecordOnLoop(milliseconds(2));
    Record(bar + 59, microseconds(10));
    EXPECT_FALSE(pace_.IsShort()) << bar;
    Record(1, microseconds(10));
    EXPECT_TRUE(pace_.IsShort()) << bar;
  }
}

}  // namespace
}  // namespace tensorgate
