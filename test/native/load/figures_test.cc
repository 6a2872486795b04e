// What loadgen reports: quantiles, which requests count, and which addresses it takes.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <string>

#include "address.h"
#include "histogram.h"
#include "options.h"
#include "recorder.h"

namespace tensorgate::load {
namespace {

std::string JsonOf(const Recorder& recorder) {
  std::FILE* file = std::tmpfile();
  recorder.WriteJson(file);
  std::rewind(file);
  char text[1024] = {};
  const size_t size = std::fread(text, 1, sizeof(text) - 1, file);
  std::fclose(file);
  return std::string(text, size);
}

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (int value = 1; value <= 100; value++) histogram.Add(value);
  EXPECT_EQ(histogram.Quantile(0.5), 50u);
  EXPECT_EQ(histogram.Quantile(0.99), 99u);
  EXPECT_EQ(histogram.Quantile(1), 100u);
  EXPECT_EQ(histogram.max(), 100u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
}

TEST(Histogram, IsWithinHalfAPercentForLargeValues) {
  for (double value = 200; value < 1e15; value *= 1.37) {
    Histogram histogram;
    histogram.Add(static_cast<int64_t>(value));
    histogram.Add(static_cast<int64_t>(4 * value));
    EXPECT_NEAR(static_cast<double>(histogram.Quantile(0.5)), value, value * 0.005);
  }
}

TEST(Histogram, TakesTheExtremesWithoutHarm) {
  Histogram histogram;
  EXPECT_EQ(histogram.Quantile(0.5), 0u);
  histogram.Add(-5);
  histogram.Add(INT64_MAX);
  EXPECT_EQ(histogram.Quantile(0.5), 0u);
  EXPECT_EQ(histogram.max(), static_cast<uint64_t>(INT64_MAX));
}

TEST(Recorder, CountsByEndInAClosedLoop) {
  Recorder recorder(100, 200, Recorder::Select::kByEnd);
  recorder.Record(Outcome::kGood, 50, 99);    // ended in the warm-up
  recorder.Record(Outcome::kGood, 50, 100);   // counts
  recorder.Record(Outcome::kGood, 150, 200);  // ended too late
  recorder.Record(Outcome::kFailed, 110, 120);
  recorder.Record(Outcome::kMismatch, 110, 120);
  const std::string json = JsonOf(recorder);
  EXPECT_TRUE(Has(json, "\"requests\": 1, \"errors\": 1, \"mismatches\": 1, \"unfinished\": 0"))
      << json;
  EXPECT_EQ(recorder.good_ever(), 3u);
}

TEST(Recorder, CountsByDueTimeInAnOpenLoop) {
  Recorder recorder(100, 200, Recorder::Select::kByStart);
  for (int64_t due : {90, 110, 150, 190, 250}) recorder.CountArrival(due);
  recorder.Record(Outcome::kGood, 90, 150);   // due in the warm-up
  recorder.Record(Outcome::kGood, 150, 900);  // counts, however late
  const std::string json = JsonOf(recorder);
  EXPECT_TRUE(Has(json, "\"requests\": 1, ")) << json;
  EXPECT_TRUE(Has(json, "\"unfinished\": 2, ")) << json;
  EXPECT_TRUE(Has(json, "\"max_us\": 0.75}")) << json;
}

TEST(Recorder, CountsFailuresByReason) {
  Recorder recorder(100, 200, Recorder::Select::kByStart);
  for (int i = 0; i < 75; i++) recorder.Explain(std::to_string(i % 25));
  ASSERT_EQ(recorder.failures().size(), 20u);
  EXPECT_EQ(recorder.failures().front().reason, "0");
  EXPECT_EQ(recorder.failures().back().reason, "19");
  EXPECT_EQ(recorder.failures().back().count, 3u);
}

TEST(Recorder, EndsEarlier) {
  Recorder recorder(100, 200, Recorder::Select::kByStart);
  recorder.End(150);
  recorder.Record(Outcome::kFailed, 149, 160);
  recorder.Record(Outcome::kFailed, 150, 160);
  EXPECT_TRUE(Has(JsonOf(recorder), "\"errors\": 1, "));
}

TEST(Address, TakesThisMachineOnly) {
  Address address;
  std::string error;
  for (const char* text :
       {"127.0.0.1:8500", "127.9.9.9:1", "localhost:80", "[::1]:80", "unix:/tmp/socket"}) {
    EXPECT_TRUE(ParseLoopback(text, &address, &error)) << text;
  }
  for (const char* text :
       {"0.0.0.0:80", "8.8.8.8:80", "example.com:80", "localhost.example.com:80", "[::]:80",
        "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:8x", "127.1:80", "127.0.0.1", "unix:", ""}) {
    EXPECT_FALSE(ParseLoopback(text, &address, &error)) << text;
  }
}

TEST(Address, TakesAnotherMachineWhereThatIsSaid) {
  Address address;
  std::string error;
  EXPECT_TRUE(ParseRemote("192.0.2.7:8500", &address, &error));
  EXPECT_EQ(address.host, "192.0.2.7");
  EXPECT_EQ(address.authority, "192.0.2.7:8500");
  EXPECT_TRUE(ParseRemote("[2001:db8::1]:80", &address, &error));
  EXPECT_EQ(address.host, "2001:db8::1");
  for (const char* text : {"example.com:80", "2001:db8::1:80", "[x]:80", "192.0.2.7:0", ":80"}) {
    EXPECT_FALSE(ParseRemote(text, &address, &error)) << text;
  }
}

TEST(Options, NamesWhatIsWrong) {
  const struct {
    std::string argument;
    const char* error;
  } cases[] = {
      {"--address=10.0.0.1:80", "10.0.0.1 is not a loopback address"},
      {"--connections=0", "not a value for --connections: 0"},
      {"--seconds=abc", "not a value for --seconds: abc"},
      {"--protocol=quic", "not a value for --protocol: quic"},
      {"--path=relative", "not a value for --path: relative"},
      {"--body=/no/such/file", "cannot read /no/such/file"},
      {"--nonsense=1", "unknown option --nonsense"},
      {"--connections", "expected --option=value"},
      {"--connections=1", "--address is missing"},
  };
  for (const auto& one : cases) {
    std::string program = "loadgen";
    std::string argument = one.argument;
    char* argv[] = {program.data(), argument.data()};
    Options options;
    std::string error;
    EXPECT_FALSE(ParseOptions(2, argv, &options, &error)) << argument;
    EXPECT_TRUE(Has(error, one.error)) << error;
  }
}

}  // namespace
}  // namespace tensorgate::load
