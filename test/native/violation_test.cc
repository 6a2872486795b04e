#include "status/violation.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "codec/proto/wire.h"
#include "status/status.h"
#include "violation_text.h"

namespace tensorgate {
namespace {

TEST(FittingText, KeepsWhatFits) {
  EXPECT_EQ(FittingText("", 8), "");
  EXPECT_EQ(FittingText("12345678", 8), "12345678");
  EXPECT_EQ(FittingText("123456789", 8), "12345...");
  EXPECT_EQ(FittingText("\u00e4\u00f6\u00fc\u20ac", 9), "\u00e4\u00f6\u00fc\u20ac");
}

TEST(FittingText, CutsBetweenCharacters) {
  // Two bytes each: the cut leaves room for the dots, and no half of one.
  EXPECT_EQ(FittingText("\u00e4\u00f6\u00fc\u00e4", 7), "\u00e4\u00f6...");
  EXPECT_EQ(FittingText("\U0001f600\U0001f600", 7), "\U0001f600...");
  EXPECT_EQ(FittingText("\U0001f600\U0001f600", 6), "...");
}

TEST(FittingText, ShowsAQuestionMarkForWhatIsNoText) {
  EXPECT_EQ(FittingText(std::string("a\0b\x1b\x7f", 5), 99), "a?b??");
  EXPECT_EQ(FittingText("\xff\xc3_\xed\xa0\x80\xc0\xaf\xf5\x80", 99), "??_???????");
  EXPECT_EQ(FittingText("\xe2\x82", 99), "??");
}

TEST(FittingText, IsValidUtf8ForAllPairsAndEveryLimit) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second), '\x80', '\x80',
                                'x'};
      for (size_t limit = 3; limit < 8; ++limit) {
        const std::string fitting = FittingText(text, limit);
        ASSERT_TRUE(IsValidUtf8(fitting)) << first << ' ' << second;
        ASSERT_LE(fitting.size(), limit);
      }
    }
  }
}

TEST(Paths, QuoteWhatIsNoIdentifier) {
  EXPECT_EQ(KeyStep("x"), "[\"x\"]");
  EXPECT_EQ(KeyStep("a\"b\\"), "[\"a\\\"b\\\\\"]");
  EXPECT_EQ(MemberStep("age_2"), ".age_2");
  EXPECT_EQ(MemberStep("2age"), "[\"2age\"]");
  EXPECT_EQ(MemberStep(""), "[\"\"]");
  EXPECT_EQ(IndexStep(3), "[3]");
  EXPECT_EQ(KeyStep(std::string(1000, 'k')).size(), 64u + 4u);
}

TEST(StatusTest, CarriesViolationsUnderAPath) {
  const Status inner =
      InvalidArgument("inner").With("float_val", "a").With("[2]", "b").With("", "c");
  const Status status = InvalidArgument("outer").WithThoseOf(inner, "inputs[\"x\"]");
  EXPECT_EQ(status.message(), "outer");
  EXPECT_EQ(ViolationText(status),
            "inputs[\"x\"].float_val: a\ninputs[\"x\"][2]: b\ninputs[\"x\"]: c");
  EXPECT_TRUE(Status().Under("x").ok());
  EXPECT_TRUE(Status().violations().empty());
}

TEST(StatusTest, BoundsItsViolations) {
  Status status = InvalidArgument("many");
  for (int i = 0; i < 100; ++i) {
    status = std::move(status).With(std::string(5000, 'f'), std::string(5000, '\xff'));
  }
  ASSERT_EQ(status.violations().size(), kMaxViolations);
  EXPECT_EQ(status.violations()[15].field.size(), kMaxFieldBytes);
  EXPECT_EQ(status.violations()[15].description.size(), kMaxDescriptionBytes);
  status = std::move(status).Under(std::string(100, 'p'));
  EXPECT_EQ(status.violations()[0].field.size(), kMaxFieldBytes);
}

}  // namespace
}  // namespace tensorgate
