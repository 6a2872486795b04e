#include <gtest/gtest.h>

#include <limits>

#include "rows/size.h"

namespace tensorgate {
namespace {

const Size kLength = Size::Symbol(7);

TEST(SizeTest, MultipliesNumbersAndSymbols) {
  const Size size = Size(3) * kLength * Size::Rows() * Size(2);
  EXPECT_EQ(size, Size::Rows() * Size(6) * kLength);
  EXPECT_NE(size, Size::Rows() * Size(6));
  EXPECT_TRUE(size.has_rows_once());
  EXPECT_FALSE((size * Size::Rows()).has_rows_once());
  EXPECT_TRUE((size * Size::Rows()).counts_rows());
  EXPECT_FALSE(kLength.counts_rows());
}

TEST(SizeTest, DividesExactlyOrNotAtAll) {
  Size quotient;
  ASSERT_TRUE((Size::Rows() * Size(12) * kLength).DividedBy(Size(4) * kLength, &quotient));
  EXPECT_EQ(quotient, Size::Rows() * Size(3));
  EXPECT_FALSE((Size::Rows() * Size(12)).DividedBy(Size(5), &quotient));
  EXPECT_FALSE(Size(12).DividedBy(kLength, &quotient));
  EXPECT_FALSE(Size(12).DividedBy(Size(0), &quotient));
}

TEST(SizeTest, SaysNothingOfWhatIsTooLarge) {
  const Size size = Size(std::numeric_limits<int64_t>::max()) * Size(2);
  EXPECT_NE(size, size);
  EXPECT_FALSE(size.is_number());
  EXPECT_TRUE(size.counts_rows());
  EXPECT_FALSE(size.has_rows_once());
  Size quotient;
  EXPECT_FALSE(size.DividedBy(Size(1), &quotient));
}

}  // namespace
}  // namespace tensorgate
