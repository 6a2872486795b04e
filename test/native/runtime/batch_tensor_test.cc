// Rows put together and taken out, against a plain reading of the rule: one element at a time.
#include "batch/batch_tensor.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tf/tensor.h"

namespace tensorgate {
namespace {

using Dims = std::vector<int64_t>;

constexpr size_t kNoLimit = SIZE_MAX;

int64_t Product(const Dims& dims) {
  int64_t product = 1;
  for (const int64_t dim : dims) product *= dim;
  return product;
}

// A tensor in TensorFlow, and the view of it.
struct Part {
  TensorHandle tensor;
  Dims dims;
  TensorView view;
};

Part PartOf(Tensor tensor) {
  Part part;
  EXPECT_TRUE(ToTfTensor(&tensor, &part.tensor).ok());
  part.view = ViewOf(part.tensor.get(), &part.dims);
  part.view.dims = part.dims.data();
  return part;
}

// Elements of `size` bytes, all different: `first`, `first` + 1, … in each byte's own way.
Part Numbers(DataType dtype, const Dims& dims, int first) {
  Tensor tensor;
  tensor.dtype = dtype;
  tensor.dims = dims;
  tensor.elements = Product(dims);
  const size_t size = ElementSize(dtype);
  EXPECT_TRUE(tensor.data.Resize(static_cast<size_t>(tensor.elements) * size));
  for (size_t i = 0; i < tensor.data.size(); ++i) {
    tensor.data.data()[i] = static_cast<uint8_t>(first + i / size + 31 * (i % size));
  }
  return PartOf(std::move(tensor));
}

// Short and long ones: TensorFlow keeps them in different ways.
Part Strings(const Dims& dims, int first) {
  Tensor tensor;
  tensor.dtype = DataType::kString;
  tensor.dims = dims;
  tensor.elements = Product(dims);
  for (int64_t i = 0; i < tensor.elements; ++i) {
    tensor.owned_strings.push_back(std::to_string(first + i) +
                                   std::string(static_cast<size_t>(i % 2) * 50, 'x'));
    tensor.strings.push_back(tensor.owned_strings.back());
  }
  return PartOf(std::move(tensor));
}

Part SomeOf(DataType dtype, const Dims& dims, int first) {
  return dtype == DataType::kString ? Strings(dims, first) : Numbers(dtype, dims, first);
}

std::string Element(const TensorView& view, int64_t index) {
  if (view.dtype == DataType::kString) return std::string(view.string_at(view.data, index));
  const size_t size = ElementSize(view.dtype);
  return {static_cast<const char*>(view.data) + static_cast<size_t>(index) * size, size};
}

std::vector<std::string> Elements(const TensorView& view) {
  std::vector<std::string> elements;
  for (int64_t i = 0; i < view.elements; ++i) elements.push_back(Element(view, i));
  return elements;
}

// Element `index` of the rows of `part` padded to `row_dims`.
std::string PaddedElement(const TensorView& part, const Dims& row_dims, int64_t index) {
  int64_t from = 0;
  int64_t stride = 1;
  for (int d = part.rank - 1; d >= 1; --d) {
    const int64_t at = index % row_dims[static_cast<size_t>(d - 1)];
    index /= row_dims[static_cast<size_t>(d - 1)];
    if (at >= part.dims[d]) return Element(part, 0);
    from += at * stride;
    stride *= part.dims[d];
  }
  return Element(part, from + index * stride);
}

std::vector<std::string> Expected(const std::vector<TensorView>& parts, const Dims& row_dims,
                                  int64_t padding_rows) {
  const int64_t row = Product(row_dims);
  std::vector<std::string> elements;
  std::vector<std::string> last_row;
  for (const TensorView& part : parts) {
    const size_t begin = elements.size();
    for (int64_t i = 0; i < part.dims[0] * row; ++i) {
      elements.push_back(PaddedElement(part, row_dims, i));
    }
    if (part.dims[0] == 0) continue;
    last_row.assign(elements.begin() + static_cast<ptrdiff_t>(begin),
                    elements.begin() + static_cast<ptrdiff_t>(begin) + row);
  }
  for (int64_t i = 0; i < padding_rows; ++i) {
    elements.insert(elements.end(), last_row.begin(), last_row.end());
  }
  return elements;
}

class BatchTensorTest : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(LiveInputTensors(), 0); }

  static std::vector<TensorView> Views(const std::vector<Part>& parts) {
    std::vector<TensorView> views;
    for (const Part& part : parts) views.push_back(part.view);
    return views;
  }

  // By ConcatRows() and by the rule.
  static void ExpectConcat(const std::vector<Part>& parts, const Dims& row_dims,
                           int64_t padding_rows) {
    TensorHandle batch;
    const Status status = ConcatRows(Views(parts), row_dims, padding_rows, kNoLimit, &batch);
    ASSERT_TRUE(status.ok()) << status.message();
    Dims dims;
    const TensorView view = ViewOf(batch.get(), &dims);
    Dims expected = {padding_rows};
    for (const Part& part : parts) expected[0] += part.dims[0];
    expected.insert(expected.end(), row_dims.begin(), row_dims.end());
    EXPECT_EQ(dims, expected);
    EXPECT_EQ(view.dtype, parts[0].view.dtype);
    EXPECT_EQ(Elements(view), Expected(Views(parts), row_dims, padding_rows));
  }

  static Status Concat(const std::vector<TensorView>& parts, const Dims& row_dims,
                       int64_t padding_rows, size_t limit) {
    TensorHandle batch;
    const Status status = ConcatRows(parts, row_dims, padding_rows, limit, &batch);
    EXPECT_EQ(status.ok(), batch != nullptr);
    return status;
  }
};

TEST_F(BatchTensorTest, PutsTogetherRowsOfEveryType) {
  for (int32_t number = 1; number <= static_cast<int32_t>(DataType::kUint4); ++number) {
    const DataType dtype = static_cast<DataType>(number);
    if (!IsServable(dtype)) continue;
    SCOPED_TRACE(DataTypeName(dtype));
    std::vector<Part> parts;
    parts.push_back(SomeOf(dtype, {2, 3}, 1));
    parts.push_back(SomeOf(dtype, {1, 3}, 50));
    ExpectConcat(parts, {3}, 0);
    ExpectConcat(parts, {3}, 5);
    ExpectConcat(parts, {4}, 2);
  }
}

TEST_F(BatchTensorTest, PadsTheRowsOfEveryRankAtTheEndsOfTheirDimensions) {
  std::mt19937 random(7);
  const auto upto = [&](int64_t most) { return static_cast<int64_t>(random() % (most + 1)); };
  for (const DataType dtype : {DataType::kFloat, DataType::kComplex128, DataType::kString}) {
    for (size_t rank = 1; rank <= 7; ++rank) {
      for (int round = 0; round < 20; ++round) {
        std::vector<Part> parts;
        Dims row_dims(rank - 1, 0);
        for (int i = 0; i < 3; ++i) {
          Dims dims = {upto(3)};
          while (dims.size() < rank) dims.push_back(1 + upto(2));
          for (size_t d = 1; d < rank; ++d) row_dims[d - 1] = std::max(row_dims[d - 1], dims[d]);
          parts.push_back(SomeOf(dtype, dims, i * 40));
        }
        const bool has_rows = parts[0].dims[0] + parts[1].dims[0] + parts[2].dims[0] > 0;
        ExpectConcat(parts, row_dims, has_rows ? upto(3) : 0);
      }
    }
  }
}

TEST_F(BatchTensorTest, CopiesARowOfTheLastPartThatHasRows) {
  std::vector<Part> parts;
  parts.push_back(Strings({1, 2}, 1));
  parts.push_back(Strings({2, 2}, 10));
  parts.push_back(Strings({0, 2}, 20));
  ExpectConcat(parts, {2}, 3);
}

TEST_F(BatchTensorTest, HasNoRowToCopyWhereThereIsNone) {
  for (const DataType dtype : {DataType::kInt32, DataType::kString}) {
    std::vector<Part> parts;
    parts.push_back(SomeOf(dtype, {0, 2}, 0));
    parts.push_back(SomeOf(dtype, {0, 2}, 0));
    TensorHandle batch;
    ASSERT_TRUE(ConcatRows(Views(parts), {2}, 4, kNoLimit, &batch).ok());
    EXPECT_EQ(TF_Dim(batch.get(), 0), 0);
  }
}

TEST_F(BatchTensorTest, PutsTogetherRowsWithoutElements) {
  std::vector<Part> parts;
  parts.push_back(Numbers(DataType::kInt64, {2, 0, 3}, 0));
  parts.push_back(Numbers(DataType::kInt64, {1, 0, 3}, 0));
  ExpectConcat(parts, {0, 3}, 2);
}

TEST_F(BatchTensorTest, RefusesASizeThatOverflows) {
  const Dims most = {INT64_MAX / 2};
  TensorView view;
  view.dtype = DataType::kFloat;
  view.rank = 1;
  view.dims = most.data();
  view.elements = most[0];
  EXPECT_EQ(Concat({view, view, view}, {}, 0, kNoLimit).code(), Code::kResourceExhausted);
  EXPECT_EQ(Concat({view}, {}, 0, kNoLimit).code(), Code::kResourceExhausted);  // its bytes
  EXPECT_EQ(Concat({view}, {}, INT64_MAX, kNoLimit).code(), Code::kResourceExhausted);
  std::vector<Part> parts;
  parts.push_back(Numbers(DataType::kUint8, {1, 1, 1, 1}, 0));
  const Dims huge = {INT64_MAX / 2, INT64_MAX / 2, 2};
  EXPECT_EQ(Concat(Views(parts), huge, 0, kNoLimit).code(), Code::kResourceExhausted);
}

TEST_F(BatchTensorTest, RefusesMemoryThatIsNotThere) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers end the process where malloc returns null";
#endif
  std::vector<Part> parts;
  parts.push_back(Numbers(DataType::kUint8, {1, 1}, 0));
  EXPECT_EQ(Concat(Views(parts), {int64_t{1} << 60}, 0, kNoLimit).code(), Code::kResourceExhausted);
}

TEST_F(BatchTensorTest, LimitsWhatPaddingTakes) {
  std::vector<Part> numbers;
  numbers.push_back(Numbers(DataType::kFloat, {2, 1}, 0));
  EXPECT_TRUE(Concat(Views(numbers), {100}, 0, 2 * 99 * sizeof(float)).ok());
  EXPECT_EQ(Concat(Views(numbers), {100}, 0, 2 * 99 * sizeof(float) - 1).code(),
            Code::kResourceExhausted);
  EXPECT_TRUE(Concat(Views(numbers), {1}, 0, 0).ok());
  EXPECT_EQ(Concat(Views(numbers), {1}, 1, 3).code(), Code::kResourceExhausted);
}

TEST_F(BatchTensorTest, LimitsTheBytesOfStringsThatPaddingRepeats) {
  std::vector<Part> strings;
  Tensor tensor;
  tensor.dtype = DataType::kString;
  tensor.dims = {1, 1};
  tensor.elements = 1;
  tensor.owned_strings.emplace_back(1000, 'x');
  tensor.strings = {tensor.owned_strings.front()};
  strings.push_back(PartOf(std::move(tensor)));
  EXPECT_TRUE(Concat(Views(strings), {11}, 0, 10 * 1000).ok());
  EXPECT_EQ(Concat(Views(strings), {11}, 0, 10 * 1000 - 1).code(), Code::kResourceExhausted);
  EXPECT_EQ(Concat(Views(strings), {1 << 20}, 0, 10 * 1000).code(), Code::kResourceExhausted);
}

TEST_F(BatchTensorTest, TakesRowsOutWithoutACopy) {
  for (const DataType dtype : {DataType::kInt16, DataType::kString}) {
    const Part whole = SomeOf(dtype, {4, 2}, 1);
    const std::vector<std::string> all = Elements(whole.view);
    for (int64_t begin = 0; begin <= 4; ++begin) {
      for (int64_t count = 0; begin + count <= 4; ++count) {
        Dims dims;
        const TensorView rows = RowsOf(whole.view, begin, count, &dims);
        EXPECT_EQ(dims, (Dims{count, 2}));
        EXPECT_EQ(rows.dims, dims.data());
        EXPECT_EQ(Elements(rows), std::vector<std::string>(all.begin() + begin * 2,
                                                           all.begin() + (begin + count) * 2));
        if (begin == 0) {
          EXPECT_EQ(rows.data, whole.view.data);
        }
      }
    }
  }
}

TEST_F(BatchTensorTest, TakesRowsOutOfWhatHasNoElements) {
  const Part whole = Numbers(DataType::kDouble, {3, 0}, 0);
  Dims dims;
  EXPECT_EQ(RowsOf(whole.view, 1, 2, &dims).elements, 0);
  EXPECT_EQ(dims, (Dims{2, 0}));
}

}  // namespace
}  // namespace tensorgate
