// TensorProto as a client may write it: every dtype, every form, and everything that is refused.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "codec/proto/predict_proto.h"
#include "proto_builder.h"

namespace tensorgate {
namespace {

using proto::Content;
using proto::Dtype;
using proto::PackedFixed;
using proto::PackedVarints;
using proto::Raw;
using proto::Shape;
using proto::StringVal;

Status Decode(const std::string& bytes, Tensor* tensor,
              const DecodeLimits& limits = DecodeLimits()) {
  DecodeBudget budget(limits);
  return DecodeTensorProto(bytes, &budget, tensor);
}

Tensor DecodedProto(const std::string& bytes) {
  Tensor tensor;
  const Status status = Decode(bytes, &tensor);
  EXPECT_TRUE(status.ok()) << status.message();
  return tensor;
}

std::string Refusal(const std::string& bytes, const DecodeLimits& limits = DecodeLimits()) {
  Tensor tensor;
  const Status status = Decode(bytes, &tensor, limits);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  return status.message();
}

std::string BytesOf(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()};
}

std::vector<std::string> StringsOf(const Tensor& tensor) {
  return {tensor.strings.begin(), tensor.strings.end()};
}

struct DtypeCase {
  DataType dtype;
  std::string field;   // two elements in the typed field
  std::string memory;  // the same two elements in memory
};

std::vector<DtypeCase> AllFixedSizeDtypes() {
  const std::string float8 = proto::BytesField(18, "\x38\xb8");
  return {
      {DataType::kFloat, PackedFixed<float>(5, {1.5f, -2}), Raw<float>({1.5f, -2})},
      {DataType::kDouble, PackedFixed<double>(6, {1.5, -2}), Raw<double>({1.5, -2})},
      {DataType::kInt32, PackedVarints(7, {70000, -2}), Raw<int32_t>({70000, -2})},
      {DataType::kUint8, PackedVarints(7, {200, 2}), Raw<uint8_t>({200, 2})},
      {DataType::kInt16, PackedVarints(7, {300, -2}), Raw<int16_t>({300, -2})},
      {DataType::kInt8, PackedVarints(7, {100, -2}), Raw<int8_t>({100, -2})},
      {DataType::kComplex64, PackedFixed<float>(9, {1, 2, 3, 4}), Raw<float>({1, 2, 3, 4})},
      {DataType::kInt64, PackedVarints(10, {INT64_MAX, INT64_MIN}),
       Raw<int64_t>({INT64_MAX, INT64_MIN})},
      {DataType::kBool, PackedVarints(11, {0, 1}), Raw<uint8_t>({0, 1})},
      {DataType::kQint8, PackedVarints(7, {100, -2}), Raw<int8_t>({100, -2})},
      {DataType::kQuint8, PackedVarints(7, {200, 2}), Raw<uint8_t>({200, 2})},
      {DataType::kQint32, PackedVarints(7, {70000, -2}), Raw<int32_t>({70000, -2})},
      {DataType::kBfloat16, PackedVarints(13, {0x3fc0, 0xc000}), Raw<uint16_t>({0x3fc0, 0xc000})},
      {DataType::kQint16, PackedVarints(7, {300, -2}), Raw<int16_t>({300, -2})},
      {DataType::kQuint16, PackedVarints(7, {60000, 2}), Raw<uint16_t>({60000, 2})},
      {DataType::kUint16, PackedVarints(7, {60000, 2}), Raw<uint16_t>({60000, 2})},
      {DataType::kComplex128, PackedFixed<double>(12, {1, 2, 3, 4}), Raw<double>({1, 2, 3, 4})},
      {DataType::kHalf, PackedVarints(13, {0x3e00, 0xc000}), Raw<uint16_t>({0x3e00, 0xc000})},
      {DataType::kUint32, PackedVarints(16, {4000000000, 2}), Raw<uint32_t>({4000000000, 2})},
      {DataType::kUint64, PackedVarints(17, {-1, 2}), Raw<uint64_t>({UINT64_MAX, 2})},
      {DataType::kFloat8E5m2, float8, "\x38\xb8"},
      {DataType::kFloat8E4m3fn, float8, "\x38\xb8"},
      {DataType::kFloat8E4m3fnuz, float8, "\x38\xb8"},
      {DataType::kFloat8E4m3b11fnuz, float8, "\x38\xb8"},
      {DataType::kFloat8E5m2fnuz, float8, "\x38\xb8"},
      {DataType::kInt4, PackedVarints(7, {7, -8}), Raw<int8_t>({7, -8})},
      {DataType::kUint4, PackedVarints(7, {15, 2}), Raw<uint8_t>({15, 2})},
      {DataType::kInt2, PackedVarints(7, {1, -2}), Raw<int8_t>({1, -2})},
      {DataType::kUint2, PackedVarints(7, {3, 2}), Raw<uint8_t>({3, 2})},
      {DataType::kFloat4E2m1fn, proto::BytesField(18, "\x02\x0a"), "\x02\x0a"},
  };
}

TEST(DecodeTensorProto, ReadsEveryDtypeFromItsTypedField) {
  for (const DtypeCase& c : AllFixedSizeDtypes()) {
    const Tensor tensor = DecodedProto(Dtype(c.dtype) + Shape({1, 2}) + c.field);
    EXPECT_EQ(tensor.dtype, c.dtype);
    EXPECT_EQ(tensor.dims, (std::vector<int64_t>{1, 2})) << DataTypeName(c.dtype);
    EXPECT_EQ(tensor.elements, 2);
    EXPECT_EQ(BytesOf(tensor), c.memory) << DataTypeName(c.dtype);
  }
}

TEST(DecodeTensorProto, ReadsEveryDtypeFromTensorContent) {
  for (const DtypeCase& c : AllFixedSizeDtypes()) {
    const Tensor tensor = DecodedProto(Dtype(c.dtype) + Shape({2}) + Content(c.memory));
    EXPECT_EQ(BytesOf(tensor), c.memory) << DataTypeName(c.dtype);
  }
}

TEST(DecodeTensorProto, RepeatsTheLastElementOfEveryDtype) {
  for (const DtypeCase& c : AllFixedSizeDtypes()) {
    const Tensor tensor = DecodedProto(Dtype(c.dtype) + Shape({7}) + c.field);
    const std::string last = c.memory.substr(c.memory.size() / 2);
    std::string expected = c.memory;
    for (int i = 0; i < 5; ++i) expected += last;
    EXPECT_EQ(BytesOf(tensor), expected) << DataTypeName(c.dtype);
  }
}

TEST(DecodeTensorProto, FillsEveryDtypeWithZerosWhenNoValueIsGiven) {
  for (const DtypeCase& c : AllFixedSizeDtypes()) {
    const Tensor tensor = DecodedProto(Dtype(c.dtype) + Shape({3}));
    EXPECT_EQ(BytesOf(tensor), std::string(3 * ElementSize(c.dtype), '\0'));
  }
}

TEST(DecodeTensorProto, IgnoresExtraValuesOfEveryDtype) {
  for (const DtypeCase& c : AllFixedSizeDtypes()) {
    const Tensor tensor = DecodedProto(Dtype(c.dtype) + Shape({}) + c.field);
    EXPECT_EQ(BytesOf(tensor), c.memory.substr(0, c.memory.size() / 2)) << DataTypeName(c.dtype);
    EXPECT_TRUE(tensor.dims.empty());
    EXPECT_EQ(tensor.elements, 1);
  }
}

TEST(DecodeTensorProto, NeedsNoDataForAnEmptyTensor) {
  for (const DtypeCase& c : AllFixedSizeDtypes()) {
    const Tensor tensor = DecodedProto(Dtype(c.dtype) + Shape({3, 0}) + c.field + Content("odd"));
    EXPECT_EQ(tensor.elements, 0);
    EXPECT_EQ(tensor.dims, (std::vector<int64_t>{3, 0}));
  }
  EXPECT_TRUE(DecodedProto(Dtype(DataType::kString) + Shape({0})).strings.empty());
}

TEST(DecodeTensorProto, RefusesTensorContentOfAnotherSizeForEveryDtype) {
  for (const DtypeCase& c : AllFixedSizeDtypes()) {
    const std::string head = Dtype(c.dtype) + Shape({2});
    EXPECT_NE(Refusal(head + Content(c.memory + '\0')).find("tensor_content: "), std::string::npos);
    Refusal(head + Content(c.memory.substr(1)));
  }
  EXPECT_EQ(Refusal(Dtype(DataType::kFloat) + Shape({2}) + Content("abc")),
            "tensor_content: 3 bytes given, expected 2 elements of 4 bytes");
}

TEST(DecodeTensorProto, PrefersTensorContentToValues) {
  const std::string head = Dtype(DataType::kFloat) + Shape({1}) + PackedFixed<float>(5, {1});
  EXPECT_EQ(BytesOf(DecodedProto(head + Content(Raw<float>({2})))), Raw<float>({2}));
  EXPECT_EQ(BytesOf(DecodedProto(head + Content(""))), Raw<float>({1}));
}

TEST(DecodeTensorProto, TakesTheLastTensorContentAndTheLastFloat8Val) {
  EXPECT_EQ(
      BytesOf(DecodedProto(Dtype(DataType::kInt8) + Shape({2}) + Content("abc") + Content("xy"))),
      "xy");
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kFloat8E5m2) + Shape({2}) +
                                 proto::BytesField(18, "ab") + proto::BytesField(18, "c"))),
            "cc");
}

TEST(DecodeTensorProto, NarrowsIntegersByCast) {
  const std::string wide = PackedVarints(7, {0x12345, -129});
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kUint8) + Shape({2}) + wide)), "\x45\x7f");
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kInt16) + Shape({2}) + wide)),
            Raw<int16_t>({0x2345, -129}));
  // 64 bits on the wire for a 32-bit field: the low half counts.
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kInt32) + Shape({1}) +
                                 PackedVarints(7, {int64_t{5} << 32 | 9}))),
            Raw<int32_t>({9}));
}

TEST(DecodeTensorProto, TakesTheLow16BitsOfHalfVal) {
  for (const DataType dtype : {DataType::kHalf, DataType::kBfloat16}) {
    EXPECT_EQ(BytesOf(DecodedProto(Dtype(dtype) + Shape({2}) + PackedVarints(13, {0x13f80, -1}))),
              Raw<uint16_t>({0x3f80, 0xffff}));
  }
}

TEST(DecodeTensorProto, TakesEveryBoolValueButZeroAsTrue) {
  EXPECT_EQ(
      BytesOf(DecodedProto(Dtype(DataType::kBool) + Shape({3}) + PackedVarints(11, {256, 0, -1}))),
      Raw<uint8_t>({1, 0, 1}));
}

TEST(DecodeTensorProto, RefusesABoolInTensorContentThatIsNeitherZeroNorOne) {
  EXPECT_EQ(Refusal(Dtype(DataType::kBool) + Shape({2}) + Content("\1\2")),
            "tensor_content: a bool is 2, expected 0 or 1");
}

TEST(DecodeTensorProto, ReadsPackedUnpackedAndMixedValuesInWireOrder) {
  const std::string fixed = PackedFixed<float>(5, {1, 2}) + proto::Tag(5, 5) + Raw<float>({3}) +
                            PackedFixed<float>(5, {}) + proto::Tag(5, 5) + Raw<float>({4}) +
                            PackedFixed<float>(5, {5});
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kFloat) + Shape({6}) + fixed)),
            Raw<float>({1, 2, 3, 4, 5, 5}));
  const std::string doubles = proto::Tag(6, 1) + Raw<double>({1}) + PackedFixed<double>(6, {2});
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kDouble) + Shape({2}) + doubles)),
            Raw<double>({1, 2}));
  const std::string varints =
      proto::VarintField(10, -1) + PackedVarints(10, {300, 4}) + proto::VarintField(10, 5);
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kInt64) + Shape({4}) + varints)),
            Raw<int64_t>({-1, 300, 4, 5}));
}

TEST(DecodeTensorProto, ReadsValuesAmongOtherFieldsAndBeforeTheDtype) {
  const std::string bytes = proto::VarintField(7, 1) + PackedVarints(10, {99}) +
                            proto::VarintField(3, 5) + PackedVarints(7, {2}) + proto::Tag(40, 3) +
                            proto::VarintField(7, 77) + proto::Tag(40, 4) +
                            proto::VarintField(7, 3) + Shape({3}) + Dtype(DataType::kInt32);
  EXPECT_EQ(BytesOf(DecodedProto(bytes)), Raw<int32_t>({1, 2, 3}));
}

TEST(DecodeTensorProto, SkipsAValueOfAnotherWireType) {
  const std::string bytes = Dtype(DataType::kInt32) + Shape({1}) + proto::Tag(7, 5) + "abcd" +
                            proto::VarintField(5, 7) + PackedVarints(7, {3});
  EXPECT_EQ(BytesOf(DecodedProto(bytes)), Raw<int32_t>({3}));
}

TEST(DecodeTensorProto, LooksOnlyAtTheFieldOfTheDtype) {
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kFloat) + Shape({1}) + PackedVarints(7, {3}))),
            Raw<float>({0}));
}

TEST(DecodeTensorProto, DropsHalfAComplexNumber) {
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kComplex64) + Shape({2}) +
                                 PackedFixed<float>(9, {1, 2, 3}))),
            Raw<float>({1, 2, 1, 2}));
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kComplex128) + PackedFixed<double>(12, {1}))),
            Raw<double>({0, 0}));
}

TEST(DecodeTensorProto, ReadsAComplexNumberSplitOverTwoChunks) {
  const std::string split = PackedFixed<float>(9, {1, 2, 3}) + PackedFixed<float>(9, {4});
  EXPECT_EQ(BytesOf(DecodedProto(Dtype(DataType::kComplex64) + Shape({2}) + split)),
            Raw<float>({1, 2, 3, 4}));
}

TEST(DecodeTensorProto, ReadsLongRowsOfVarintsOfAllLengths) {
  std::vector<int64_t> values;
  for (int i = 0; i < 1000; ++i) {
    values.push_back(i % 7 == 0 ? -i : i % 50 < 25 ? i % 100 : int64_t{i} << (i % 40));
  }
  const Tensor tensor =
      DecodedProto(Dtype(DataType::kInt64) + Shape({1000}) + PackedVarints(10, values));
  EXPECT_EQ(BytesOf(tensor), Raw(values));
}

TEST(DecodeTensorProto, PutsDataAtTheAlignmentThatTensorFlowAdopts) {
  const Tensor tensor = DecodedProto(Dtype(DataType::kInt8) + Shape({1}));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data.data()) % AlignedBuffer::kAlignment, 0u);
}

TEST(DecodeTensorProto, ReadsStringsInPlace) {
  const std::string bytes = Dtype(DataType::kString) + Shape({3}) + StringVal("a") + StringVal("") +
                            StringVal(std::string("\0\xff", 2));
  const Tensor tensor = DecodedProto(bytes);
  EXPECT_EQ(StringsOf(tensor), (std::vector<std::string>{"a", "", std::string("\0\xff", 2)}));
  EXPECT_EQ(tensor.strings[0].data(), bytes.data() + bytes.find('a'));
}

TEST(DecodeTensorProto, RepeatsDropsAndInventsStringsLikeNumbers) {
  const std::string head = Dtype(DataType::kString);
  EXPECT_EQ(StringsOf(DecodedProto(head + Shape({3}) + StringVal("a") + StringVal("b"))),
            (std::vector<std::string>{"a", "b", "b"}));
  EXPECT_EQ(StringsOf(DecodedProto(head + Shape({1}) + StringVal("a") + StringVal("b"))),
            (std::vector<std::string>{"a"}));
  EXPECT_EQ(StringsOf(DecodedProto(head + Shape({2}))), (std::vector<std::string>{"", ""}));
}

TEST(DecodeTensorProto, ReadsStringsFromTensorContent) {
  const std::string content =
      "\x01" + proto::Varint(200) + std::string("\0", 1) + "a" + std::string(200, 'b');
  EXPECT_EQ(StringsOf(DecodedProto(Dtype(DataType::kString) + Shape({3}) + Content(content))),
            (std::vector<std::string>{"a", std::string(200, 'b'), ""}));
}

TEST(DecodeTensorProto, RefusesStringContentThatDoesNotAddUp) {
  const std::string head = Dtype(DataType::kString) + Shape({2});
  EXPECT_EQ(Refusal(head + Content("\1\2abcd")),
            "tensor_content: the strings' lengths add up to 3, but 4 bytes follow");
  Refusal(head + Content("\1\2ab"));
  Refusal(head + Content("\1"));
  Refusal(head + Content("\1\x80"));
  Refusal(head + Content("\1" + proto::Varint(UINT64_MAX) + "a"));
}

TEST(DecodeTensorProto, TakesAMissingShapeAndAnUnknownRankAsAScalar) {
  const std::string value = PackedFixed<float>(5, {1});
  for (const std::string& shape : {std::string(), Shape({}), proto::BytesField(2, "\x18\x01")}) {
    const Tensor tensor = DecodedProto(Dtype(DataType::kFloat) + shape + value);
    EXPECT_TRUE(tensor.dims.empty());
    EXPECT_EQ(BytesOf(tensor), Raw<float>({1}));
  }
}

TEST(DecodeTensorProto, CountsTheDimsThatAnUnknownRankComesWith) {
  const std::string shape = proto::BytesField(2, proto::Dim(2) + "\x18\x01");
  EXPECT_EQ(DecodedProto(Dtype(DataType::kFloat) + shape).dims, (std::vector<int64_t>{2}));
}

TEST(DecodeTensorProto, AppendsTheDimsOfAShapeGivenInTwoParts) {
  EXPECT_EQ(DecodedProto(Dtype(DataType::kFloat) + Shape({2}) + Shape({3})).dims,
            (std::vector<int64_t>{2, 3}));
}

TEST(DecodeTensorProto, IgnoresTheNamesOfDimsButRefusesBadText) {
  const auto named = [](std::string_view name) {
    return Dtype(DataType::kFloat) +
           proto::BytesField(
               2, proto::BytesField(2, proto::VarintField(1, 2) + proto::BytesField(2, name)));
  };
  EXPECT_EQ(DecodedProto(named("batch")).elements, 2);
  EXPECT_EQ(Refusal(named("\xff")), "tensor_shape.dim.name: not valid UTF-8");
}

TEST(DecodeTensorProto, RefusesDtypesThatAnInputCannotHave) {
  EXPECT_EQ(Refusal(Shape({})), "dtype: a tensor of type INVALID is not supported as an input");
  EXPECT_EQ(Refusal(Dtype(DataType::kResource)),
            "dtype: a tensor of type resource is not supported as an input");
  EXPECT_EQ(Refusal(Dtype(DataType::kVariant)),
            "dtype: a tensor of type variant is not supported as an input");
  EXPECT_EQ(Refusal(proto::VarintField(1, 101)),
            "dtype: a tensor of type float_ref is not supported as an input");
  EXPECT_EQ(Refusal(proto::VarintField(1, 34)),
            "dtype: a tensor of type unknown dtype enum (34) is not supported as an input");
  Refusal(proto::VarintField(1, -1));
}

TEST(DecodeTensorProto, RefusesNegativeDims) {
  EXPECT_EQ(Refusal(Dtype(DataType::kFloat) + Shape({2, -1})),
            "tensor_shape: dim 1 is -1, expected at least 0");
  Refusal(Dtype(DataType::kFloat) + Shape({0, -1}));
}

TEST(DecodeTensorProto, RefusesShapesThatMultiplyPastInt64) {
  const int64_t large = int64_t{1} << 62;
  EXPECT_EQ(Refusal(Dtype(DataType::kFloat) + Shape({large, 4})),
            "tensor_shape: the number of elements exceeds int64 at dim 1 of size 4");
  Refusal(Dtype(DataType::kFloat) + Shape({large, 4, 0}));
  Refusal(Dtype(DataType::kFloat) + Shape({INT64_MAX, INT64_MAX}));
  EXPECT_EQ(DecodedProto(Dtype(DataType::kFloat) + Shape({0, large, 4})).elements, 0);
}

TEST(DecodeTensorProto, RefusesShapesThatMultiplyPastMemory) {
  for (const int64_t elements : {int64_t{1} << 31, int64_t{1} << 45, INT64_MAX}) {
    for (const DataType dtype : {DataType::kFloat, DataType::kComplex128, DataType::kString}) {
      EXPECT_NE(Refusal(Dtype(dtype) + Shape({elements})).find("exceed the limit"),
                std::string::npos);
    }
    Refusal(Dtype(DataType::kDouble) + Shape({elements}) + Content("12345678"));
    Refusal(Dtype(DataType::kString) + Shape({elements}) + Content("12345678"));
  }
}

TEST(DecodeTensorProto, RefusesMoreThan254Dims) {
  std::string dims;
  for (int i = 0; i < 254; ++i) dims += proto::Dim(1);
  EXPECT_EQ(DecodedProto(Dtype(DataType::kFloat) + proto::BytesField(2, dims)).dims.size(), 254u);
  EXPECT_EQ(Refusal(Dtype(DataType::kFloat) + proto::BytesField(2, dims + proto::Dim(1))),
            "tensor_shape: more than 254 dimensions");
}

TEST(DecodeTensorProto, ChargesRepeatedValuesToTheFillBudget) {
  DecodeBudget budget{DecodeLimits()};
  const DecodeBudget whole = budget;
  Tensor tensor;
  ASSERT_TRUE(DecodeTensorProto(Dtype(DataType::kInt64) + Shape({5}) + PackedVarints(10, {1, 2}),
                                &budget, &tensor)
                  .ok());
  EXPECT_EQ(whole.filled_bytes - budget.filled_bytes, 3 * sizeof(int64_t));
  EXPECT_EQ(whole.tensor_bytes - budget.tensor_bytes, 5 * sizeof(int64_t));
}

TEST(DecodeTensorProto, ChargesNoFillForValuesThatAreThere) {
  for (const std::string& values :
       {PackedFixed<float>(5, {1, 2, 3}), Content(Raw<float>({1, 2}))}) {
    DecodeBudget budget{DecodeLimits()};
    const DecodeBudget whole = budget;
    Tensor tensor;
    ASSERT_TRUE(
        DecodeTensorProto(Dtype(DataType::kFloat) + Shape({2}) + values, &budget, &tensor).ok());
    EXPECT_EQ(budget.filled_bytes, whole.filled_bytes);
    EXPECT_EQ(whole.tensor_bytes - budget.tensor_bytes, 2 * sizeof(float));
  }
}

TEST(DecodeTensorProto, ChargesRepeatedStringsWithTheirText) {
  DecodeBudget budget{DecodeLimits()};
  const DecodeBudget whole = budget;
  Tensor tensor;
  const std::string bytes =
      Dtype(DataType::kString) + Shape({4}) + StringVal("a") + StringVal("12345");
  ASSERT_TRUE(DecodeTensorProto(bytes, &budget, &tensor).ok());
  EXPECT_EQ(whole.filled_bytes - budget.filled_bytes, 2 * (sizeof(std::string_view) + 5));
  EXPECT_EQ(whole.tensor_bytes - budget.tensor_bytes, 4 * sizeof(std::string_view));
}

TEST(DecodeTensorProto, RefusesWhatTheBudgetDoesNotCover) {
  DecodeLimits fill;
  fill.max_filled_bytes = 11;
  EXPECT_EQ(
      Refusal(Dtype(DataType::kFloat) + Shape({4}) + PackedFixed<float>(5, {1}), fill),
      "values repeated up to tensor_shape: 3 elements of 4 bytes exceed the limit, of which 11 "
      "bytes are left");
  DecodeLimits memory;
  memory.max_tensor_bytes = 15;
  EXPECT_EQ(Refusal(Dtype(DataType::kFloat) + Shape({4}) + Content(std::string(16, 'x')), memory),
            "decoded tensor: 4 elements of 4 bytes exceed the limit, of which 15 bytes are left");
  DecodeLimits text;
  text.max_filled_bytes = 1000;
  Refusal(Dtype(DataType::kString) + Shape({4}) + StringVal(std::string(400, 'x')), text);
}

TEST(DecodeTensorProto, SharesOneBudgetAmongTensors) {
  DecodeLimits limits;
  limits.max_tensor_bytes = 20;
  DecodeBudget budget(limits);
  const std::string bytes = Dtype(DataType::kFloat) + Shape({3}) + PackedFixed<float>(5, {1, 2, 3});
  Tensor tensor;
  EXPECT_TRUE(DecodeTensorProto(bytes, &budget, &tensor).ok());
  EXPECT_FALSE(DecodeTensorProto(bytes, &budget, &tensor).ok());
}

TEST(DecodeTensorProto, RefusesMalformedValuesAndSaysInWhichField) {
  const std::string head = Dtype(DataType::kInt32) + Shape({1});
  EXPECT_EQ(Refusal(head + proto::BytesField(7, "\1\x80")),
            "int_val: malformed protobuf, the last varint is truncated");
  EXPECT_EQ(Refusal(head + proto::BytesField(5, "12345")),
            "float_val: malformed protobuf, 5 bytes are no multiple of 4");
  EXPECT_EQ(Refusal(head + proto::BytesField(12, "12345")),
            "dcomplex_val: malformed protobuf, 5 bytes are no multiple of 8");
  EXPECT_EQ(Refusal(head + proto::BytesField(7, std::string(10, '\x80') + "\1")),
            "int_val: malformed protobuf, an overlong varint");
}

TEST(DecodeTensorProto, ForgetsTheTensorThatWasThereBefore) {
  Tensor tensor;
  ASSERT_TRUE(Decode(Dtype(DataType::kString) + Shape({2}), &tensor).ok());
  ASSERT_TRUE(Decode(Dtype(DataType::kFloat) + Shape({2, 2}), &tensor).ok());
  EXPECT_TRUE(tensor.strings.empty());
  EXPECT_EQ(tensor.data.size(), 16u);
  ASSERT_TRUE(Decode(Dtype(DataType::kString), &tensor).ok());
  EXPECT_EQ(tensor.strings.size(), 1u);
  EXPECT_EQ(tensor.data.size(), 0u);
  EXPECT_TRUE(tensor.dims.empty());
}

TEST(DecodeTensorProto, SurvivesTruncationAtEveryByte) {
  std::vector<std::string> wholes;
  for (const DtypeCase& c : AllFixedSizeDtypes()) {
    wholes.push_back(Dtype(c.dtype) + Shape({2}) + c.field);
    wholes.push_back(Dtype(c.dtype) + Shape({2}) + Content(c.memory));
  }
  wholes.push_back(Dtype(DataType::kString) + Shape({2}) + StringVal("abc") + StringVal("d"));
  wholes.push_back(Dtype(DataType::kString) + Shape({2}) + Content("\1\2abc"));
  for (const std::string& whole : wholes) {
    for (size_t size = 0; size < whole.size(); ++size) {
      const std::vector<char> tight(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      DecodeBudget budget{DecodeLimits()};
      Tensor tensor;
      const Status status = DecodeTensorProto({tight.data(), tight.size()}, &budget, &tensor);
      if (status.ok() && tensor.dtype != DataType::kString) {
        EXPECT_EQ(tensor.data.size(), tensor.elements * ElementSize(tensor.dtype));
      }
    }
  }
}

}  // namespace
}  // namespace tensorgate
