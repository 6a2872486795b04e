// Which sizes are compiled for rows that come in few sizes, or in many, and which are padded to.
#include "plan/row_sizes.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace tensorgate {
namespace {

using std::chrono::microseconds;

// As an engine would: compiles what is wanted at once, and drops what was used longest ago.
class Engine {
 public:
  explicit Engine(size_t most, microseconds of_row = microseconds(10))
      : most_(most), of_row_(of_row) {}

  // False: it ran elsewhere, where a row takes twice as long.
  bool Run(int64_t rows) {
    const int64_t wanted = sizes_.Count(rows, most_);
    const int64_t size = sizes_.SizeFor(rows);
    if (wanted != 0) Compile(wanted);
    if (size == 0) {
      sizes_.RanElsewhere(rows, of_row_ * 2 * rows);
      return false;
    }
    order_.erase(std::find(order_.begin(), order_.end(), size));
    order_.push_back(size);
    sizes_.Ran(size, of_row_ * size);
    return true;
  }

  RowSizes& sizes() { return sizes_; }
  std::set<int64_t> compiled() const { return {order_.begin(), order_.end()}; }
  int compilations() const { return compilations_; }

 private:
  void Compile(int64_t size) {
    ++compilations_;
    sizes_.Compiled(size);
    order_.push_back(size);
    if (order_.size() <= most_) return;
    sizes_.Dropped(order_.front());
    order_.erase(order_.begin());
  }

  const size_t most_;
  const microseconds of_row_;
  RowSizes sizes_;
  std::vector<int64_t> order_;
  int compilations_ = 0;
};

TEST(RowSizesTest, FewSizesAreCompiledAsTheyAre) {
  Engine engine(8);
  for (int i = 0; i < 20; ++i) {
    for (const int64_t rows : {3, 20, 7}) engine.Run(rows);
  }
  EXPECT_EQ(engine.compiled(), (std::set<int64_t>{3, 7, 20}));
  EXPECT_EQ(engine.sizes().SizeFor(7), 7);
}

TEST(RowSizesTest, ASizeThatComesOnceIsNot) {
  Engine engine(8);
  EXPECT_FALSE(engine.Run(5));
  EXPECT_EQ(engine.compilations(), 0);
  EXPECT_FALSE(engine.Run(5)) << "it is compiled now";
  EXPECT_TRUE(engine.Run(5));
}

TEST(RowSizesTest, ManySizesShareThePowersOfTwo) {
  Engine engine(8);
  std::mt19937 random(7);
  int elsewhere = 0;
  for (int i = 0; i < 2000; ++i) elsewhere += engine.Run(1 + random() % 32) ? 0 : 1;
  EXPECT_LT(elsewhere, 100);
  EXPECT_LE(engine.compilations(), 12) << "they stay";
  for (const int64_t size : {16, 32}) EXPECT_EQ(engine.compiled().count(size), 1u) << size;
}

TEST(RowSizesTest, NoSizeIsDroppedForOneThatIsNeededLittleMore) {
  Engine engine(2);
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) engine.Run(1 + random() % 64);
  EXPECT_LE(engine.compilations(), 12);
}

TEST(RowSizesTest, ASizeThatComesOftenAmongManyIsCompiled) {
  Engine engine(8);
  std::mt19937 random(7);
  for (int i = 0; i < 1000; ++i) engine.Run(i % 2 == 0 ? 20 : 1 + random() % 32);
  EXPECT_EQ(engine.sizes().SizeFor(20), 20);
}

TEST(RowSizesTest, RunsElsewhereWhereThatTakesLess) {
  RowSizes sizes;
  sizes.Compiled(32);
  EXPECT_EQ(sizes.SizeFor(16), 32) << "nothing is known: up to twice the rows";
  EXPECT_EQ(sizes.SizeFor(15), 0);
  EXPECT_EQ(sizes.SizeFor(33), 0);
  for (int i = 0; i < 5; ++i) {
    sizes.Ran(32, microseconds(100));
    sizes.RanElsewhere(16, microseconds(90));
    sizes.RanElsewhere(8, microseconds(200));
  }
  EXPECT_EQ(sizes.SizeFor(16), 0);
  EXPECT_EQ(sizes.SizeFor(8), 32) << "four times the rows, and half of the time";
  EXPECT_EQ(sizes.SizeFor(32), 32) << "as it is";
  for (int i = 0; i < 20; ++i) sizes.Ran(32, microseconds(50));
  EXPECT_EQ(sizes.SizeFor(16), 32);
}

TEST(RowSizesTest, IgnoresTimesWhereItIsTold) {
  RowSizes sizes(true);
  sizes.Compiled(32);
  sizes.Ran(32, microseconds(100));
  sizes.RanElsewhere(16, microseconds(1));
  sizes.RanElsewhere(8, microseconds(1000));
  EXPECT_EQ(sizes.SizeFor(16), 32);
  EXPECT_EQ(sizes.SizeFor(8), 0) << "four times the rows";
}

TEST(RowSizesTest, TakesTheFastestOfThoseThatAreLargeEnough) {
  RowSizes sizes;
  for (const int64_t size : {16, 20, 32}) sizes.Compiled(size);
  sizes.Ran(20, microseconds(60));
  sizes.Ran(32, microseconds(50));
  sizes.RanElsewhere(18, microseconds(100));
  EXPECT_EQ(sizes.SizeFor(18), 32) << "sizes that kernels suit";
  sizes.Dropped(32);
  EXPECT_EQ(sizes.SizeFor(18), 20);
}

TEST(RowSizesTest, TheFirstRunsOfASizeSayLittle) {
  RowSizes sizes;
  sizes.Compiled(4);
  sizes.RanElsewhere(3, microseconds(100));
  sizes.Ran(4, microseconds(5000));
  EXPECT_EQ(sizes.SizeFor(3), 0);
  sizes.Ran(4, microseconds(50));
  EXPECT_EQ(sizes.SizeFor(3), 4);
  for (int i = 0; i < 3; ++i) sizes.Ran(4, microseconds(50000));
  EXPECT_EQ(sizes.SizeFor(3), 4) << "a pause of the machine";
}

TEST(RowSizesTest, RowsWithoutEndAreNotCounted) {
  RowSizes sizes;
  EXPECT_EQ(sizes.Count(0, 8), 0);
  EXPECT_EQ(sizes.Count(INT64_MAX, 8), 0);
}

}  // namespace
}  // namespace tensorgate
