#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "grpc/message_reader.h"
#include "grpc/wire_text.h"

namespace tensorgate {
namespace {

TEST(GrpcTimeout, ReadsEveryUnit) {
  const std::pair<std::string_view, uint32_t> cases[] = {
      {"2H", 7'200'000},   {"3M", 180'000}, {"20S", 20'000},
      {"1500m", 1500},     {"1u", 1},       {"1001u", 2},
      {"99999999n", 100},  {"0S", 1},       {"99999999H", INT32_MAX},
      {"00000001S", 1000},
  };
  for (const auto& [text, expected] : cases) {
    uint32_t millis = 0;
    EXPECT_TRUE(ParseGrpcTimeout(text, &millis)) << text;
    EXPECT_EQ(millis, expected) << text;
  }
}

TEST(GrpcTimeout, RefusesWhatIsNone) {
  uint32_t millis = 0;
  for (std::string_view text : {"", "S", "10", "1x", "-1S", "1 S", "123456789S", "1.5S", "SS"}) {
    EXPECT_FALSE(ParseGrpcTimeout(text, &millis)) << text;
  }
}

TEST(PercentEncode, KeepsWhatHeadersMayHold) {
  EXPECT_EQ(PercentEncode("a b\"{}~"), "a b\"{}~");
  EXPECT_EQ(PercentEncode("100%\n\xc3\xa9"), "100%25%0A%C3%A9");
  EXPECT_EQ(PercentEncode(" ends "), "%20ends%20");
}

TEST(MessageReader, FindsMessagesInAnyCut) {
  const std::string bytes("\0\0\0\0\3abc\1\0\0\0\0\0\0\0\0\1x", 19);
  for (size_t cut = 1; cut <= bytes.size(); ++cut) {
    MemoryBudget budget(1 << 20);
    MessageReader reader;
    std::vector<std::pair<std::string, bool>> found;
    for (size_t at = 0; at < bytes.size(); at += cut) {
      std::string_view part = std::string_view(bytes).substr(at, cut);
      while (!part.empty() && reader.Read(&part, -1, &budget) == MessageReader::Result::kMessage) {
        const GrpcMessage message = reader.Take();
        found.emplace_back(message.bytes.view(), message.compressed);
      }
    }
    const std::vector<std::pair<std::string, bool>> expected = {
        {"abc", false}, {"", true}, {"x", false}};
    EXPECT_EQ(found, expected) << cut;
    EXPECT_EQ(budget.used(), 0u);
  }
}

TEST(MessageReader, LooksAtLimitsBeforeItTakesMemory) {
  MemoryBudget budget(1 << 20);
  using Result = MessageReader::Result;
  const auto read = [&](std::string_view bytes, int64_t most) {
    MessageReader reader;
    return reader.Read(&bytes, most, &budget);
  };
  EXPECT_EQ(read({"\0\xff\xff\xff\xff", 5}, INT32_MAX), Result::kTooLarge);
  EXPECT_EQ(read({"\0\0\0\0\2xx", 7}, 1), Result::kTooLarge);
  EXPECT_EQ(read({"\0\0\0\0\2xx", 7}, 2), Result::kMessage);
  EXPECT_EQ(read({"\2\0\0\0\0", 5}, -1), Result::kMalformed);
  MemoryBudget none(1);
  MessageReader reader;
  std::string_view bytes("\0\0\0\0\2xx", 7);
  EXPECT_EQ(reader.Read(&bytes, -1, &none), Result::kNoMemory);
}

}  // namespace
}  // namespace tensorgate
