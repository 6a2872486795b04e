#include "net/access_lines.h"

#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <string>

namespace tensorgate {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

std::string Taken(AccessLines* lines) { return std::string(lines->Take().view()); }

TEST(AccessLines, SayWhatIsKnown) {
  AccessLines lines(1, milliseconds(0));
  AccessLine line;
  line.protocol = "gRPC";
  line.method = "Predict";
  line.status = "OK";
  line.asked.name = "na\"me";
  line.asked.has_version = true;
  line.asked.version = INT64_MAX;
  line.took = nanoseconds(1'230'499);
  line.bytes_in = 5'000'000'000;
  line.bytes_out = 7;
  line.principal = "shop";
  lines.Add(line);
  const std::string text = Taken(&lines);
  const std::string time = R"(^\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",)";
  EXPECT_TRUE(std::regex_search(text, std::regex(time))) << text;
  EXPECT_EQ(
      text.substr(text.find("\"protocol\"")),
      R"("protocol":"gRPC","method":"Predict","status":"OK","bytesIn":5000000000,"bytesOut":7,)"
      R"("peer":null,"requestId":null,"principal":"shop","path":null,"model":"na\"me",)"
      R"("version":"9223372036854775807","label":null,"millis":1.23})"
      "\n");
  EXPECT_EQ(Taken(&lines), "");
}

TEST(AccessLines, RoundMillisecondsAsJavaScriptDoes) {
  AccessLines lines(1, milliseconds(0));
  const auto told = [&lines](int64_t took) {
    AccessLine line;
    line.took = nanoseconds(took);
    lines.Add(line);
    const std::string text = Taken(&lines);
    const size_t begin = text.find("\"millis\":") + 9;
    return text.substr(begin, text.find('}') - begin);
  };
  EXPECT_EQ(told(0), "0");
  EXPECT_EQ(told(500), "0.001");
  EXPECT_EQ(told(50'000), "0.05");
  EXPECT_EQ(told(100'400'000), "100.4");
  EXPECT_EQ(told(2'000'000'000), "2000");
}

TEST(AccessLines, WantTheShareOfThoseThatAreNotSlow) {
  AccessLines none(0, milliseconds(100));
  AccessLines half(0.5, milliseconds(100));
  AccessLines all(1, milliseconds(0));
  int wanted = 0;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(none.Wants(milliseconds(99)));
    EXPECT_TRUE(all.Wants(milliseconds(0)));
    wanted += half.Wants(milliseconds(99)) ? 1 : 0;
  }
  EXPECT_GT(wanted, 4'500);
  EXPECT_LT(wanted, 5'500);
  EXPECT_TRUE(none.Wants(milliseconds(100)));
  AccessLines never(0, milliseconds(0));
  EXPECT_FALSE(never.Wants(milliseconds(1'000'000)));
}

TEST(AccessLines, AreBounded) {
  AccessLines lines(1, milliseconds(0));
  const std::string path(1000, 'x');
  AccessLine line;
  line.path = path;
  lines.Add(line);
  const size_t bytes = Taken(&lines).size();
  const size_t fitting = AccessLines::kMostBytes / bytes + 1;
  for (size_t i = 0; i < fitting + 3; ++i) lines.Add(line);
  EXPECT_EQ(lines.TakeLeftOut(), 3u);
  EXPECT_EQ(lines.TakeLeftOut(), 0u);
  EXPECT_EQ(Taken(&lines).size(), fitting * bytes);
  lines.Add(line);
  EXPECT_EQ(lines.TakeLeftOut(), 0u);
}

}  // namespace
}  // namespace tensorgate
