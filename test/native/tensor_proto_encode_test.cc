// TensorProto as this server writes it, and that it reads back what it wrote.
#include <gtest/gtest.h>

#include <string>
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

std::string Encoded(const TensorView& view, bool as_content = false) {
  OutputBuffer out;
  const Status status = EncodeTensorProto(view, as_content, &out);
  EXPECT_TRUE(status.ok()) << status.message();
  return std::string(out.view());
}

// A vector of `memory`, which must hold whole elements.
std::string EncodedVector(DataType dtype, const std::string& memory, bool as_content = false) {
  const int64_t dims[] = {static_cast<int64_t>(memory.size() / ElementSize(dtype))};
  TensorView view;
  view.dtype = dtype;
  view.dims = dims;
  view.rank = 1;
  view.elements = dims[0];
  view.data = memory.data();
  return Encoded(view, as_content);
}

std::string EncodedStrings(const std::vector<std::string_view>& strings, bool as_content = false) {
  const int64_t dims[] = {static_cast<int64_t>(strings.size())};
  TensorView view;
  view.dtype = DataType::kString;
  view.dims = dims;
  view.rank = 1;
  view.elements = dims[0];
  view.data = strings.data();
  view.string_at = proto::StringAt;
  return Encoded(view, as_content);
}

struct EncodeCase {
  DataType dtype;
  std::string memory;  // three elements
  std::string field;
};

std::vector<EncodeCase> EncodeCases() {
  const std::string f8 = proto::BytesField(18, "\x38\xb8\x01");
  const std::string i8 = Raw<int8_t>({100, -2, 0});
  const std::string u8 = Raw<uint8_t>({200, 2, 0});
  const std::string i16 = Raw<int16_t>({300, -2, 0});
  const std::string u16 = Raw<uint16_t>({60000, 2, 0});
  const std::string i32 = Raw<int32_t>({INT32_MAX, INT32_MIN, 0});
  return {
      {DataType::kFloat, Raw<float>({1.5f, -2, 0}), PackedFixed<float>(5, {1.5f, -2, 0})},
      {DataType::kDouble, Raw<double>({1.5, -2, 0}), PackedFixed<double>(6, {1.5, -2, 0})},
      {DataType::kInt32, i32, PackedVarints(7, {INT32_MAX, INT32_MIN, 0})},
      {DataType::kUint8, u8, PackedVarints(7, {200, 2, 0})},
      {DataType::kInt16, i16, PackedVarints(7, {300, -2, 0})},
      {DataType::kInt8, i8, PackedVarints(7, {100, -2, 0})},
      {DataType::kComplex64, Raw<float>({1, 2, 3, 4, 5, 6}),
       PackedFixed<float>(9, {1, 2, 3, 4, 5, 6})},
      {DataType::kInt64, Raw<int64_t>({INT64_MAX, INT64_MIN, 0}),
       PackedVarints(10, {INT64_MAX, INT64_MIN, 0})},
      {DataType::kBool, Raw<uint8_t>({1, 0, 1}), PackedVarints(11, {1, 0, 1})},
      {DataType::kQint8, i8, PackedVarints(7, {100, -2, 0})},
      {DataType::kQuint8, u8, PackedVarints(7, {200, 2, 0})},
      {DataType::kQint32, i32, PackedVarints(7, {INT32_MAX, INT32_MIN, 0})},
      {DataType::kBfloat16, u16, PackedVarints(13, {60000, 2, 0})},
      {DataType::kQint16, i16, PackedVarints(7, {300, -2, 0})},
      {DataType::kQuint16, u16, PackedVarints(7, {60000, 2, 0})},
      {DataType::kUint16, u16, PackedVarints(7, {60000, 2, 0})},
      {DataType::kComplex128, Raw<double>({1, 2, 3, 4, 5, 6}),
       PackedFixed<double>(12, {1, 2, 3, 4, 5, 6})},
      {DataType::kHalf, u16, PackedVarints(13, {60000, 2, 0})},
      {DataType::kUint32, Raw<uint32_t>({UINT32_MAX, 2, 0}), PackedVarints(16, {UINT32_MAX, 2, 0})},
      {DataType::kUint64, Raw<uint64_t>({UINT64_MAX, 2, 0}), PackedVarints(17, {-1, 2, 0})},
      {DataType::kFloat8E5m2, "\x38\xb8\x01", f8},
      {DataType::kFloat8E4m3fn, "\x38\xb8\x01", f8},
      {DataType::kFloat8E4m3fnuz, "\x38\xb8\x01", f8},
      {DataType::kFloat8E4m3b11fnuz, "\x38\xb8\x01", f8},
      {DataType::kFloat8E5m2fnuz, "\x38\xb8\x01", f8},
      {DataType::kInt4, Raw<int8_t>({7, -8, 0}), PackedVarints(7, {7, -8, 0})},
      {DataType::kUint4, Raw<uint8_t>({15, 2, 0}), PackedVarints(7, {15, 2, 0})},
      {DataType::kInt2, Raw<int8_t>({1, -2, 0}), PackedVarints(7, {1, -2, 0})},
      {DataType::kUint2, Raw<uint8_t>({3, 2, 0}), PackedVarints(7, {3, 2, 0})},
      {DataType::kFloat4E2m1fn, "\x02\x0a\x01", proto::BytesField(18, "\x02\x0a\x01")},
  };
}

TEST(EncodeTensorProto, WritesEveryDtypeToItsTypedField) {
  for (const EncodeCase& c : EncodeCases()) {
    EXPECT_EQ(EncodedVector(c.dtype, c.memory), Dtype(c.dtype) + Shape({3}) + c.field)
        << DataTypeName(c.dtype);
  }
}

TEST(EncodeTensorProto, WritesEveryDtypeToTensorContent) {
  for (const EncodeCase& c : EncodeCases()) {
    EXPECT_EQ(EncodedVector(c.dtype, c.memory, true),
              Dtype(c.dtype) + Shape({3}) + Content(c.memory))
        << DataTypeName(c.dtype);
  }
}

TEST(EncodeTensorProto, IsReadBackEqualForEveryDtypeInBothForms) {
  for (const EncodeCase& c : EncodeCases()) {
    for (const bool as_content : {false, true}) {
      const std::string bytes = EncodedVector(c.dtype, c.memory, as_content);
      DecodeBudget budget{DecodeLimits()};
      Tensor tensor;
      ASSERT_TRUE(DecodeTensorProto(bytes, &budget, &tensor).ok());
      EXPECT_EQ(std::string_view(reinterpret_cast<char*>(tensor.data.data()), tensor.data.size()),
                c.memory)
          << DataTypeName(c.dtype);
      EXPECT_EQ(Encoded(proto::ViewOf(tensor), as_content), bytes);
    }
  }
}

TEST(EncodeTensorProto, WritesStringsOneFieldEach) {
  const std::string_view odd("\0\xff", 2);
  EXPECT_EQ(EncodedStrings({"a", "", odd}), Dtype(DataType::kString) + Shape({3}) + StringVal("a") +
                                                StringVal("") + StringVal(odd));
}

TEST(EncodeTensorProto, WritesStringsToTensorContentAsLengthsThenBytes) {
  const std::string longer(300, 'x');
  EXPECT_EQ(EncodedStrings({"a", "", longer}, true),
            Dtype(DataType::kString) + Shape({3}) +
                Content("\1" + std::string(1, '\0') + proto::Varint(300) + "a" + longer));
}

TEST(EncodeTensorProto, ReadsBackStringsInBothForms) {
  const std::string longer(1000, 'x');
  for (const bool as_content : {false, true}) {
    const std::string bytes = EncodedStrings({"a", "", longer}, as_content);
    DecodeBudget budget{DecodeLimits()};
    Tensor tensor;
    ASSERT_TRUE(DecodeTensorProto(bytes, &budget, &tensor).ok());
    EXPECT_EQ(tensor.strings, (std::vector<std::string_view>{"a", "", longer}));
  }
}

TEST(EncodeTensorProto, WritesAScalarWithAnEmptyShape) {
  const float value = 2;
  TensorView view;
  view.dtype = DataType::kFloat;
  view.elements = 1;
  view.data = &value;
  EXPECT_EQ(Encoded(view), Dtype(DataType::kFloat) + Shape({}) + PackedFixed<float>(5, {2}));
}

TEST(EncodeTensorProto, WritesNoFieldOfValuesForAnEmptyTensor) {
  const int64_t dims[] = {3, 0, 300};
  for (const DataType dtype : {DataType::kFloat, DataType::kInt64, DataType::kString}) {
    TensorView view;
    view.dtype = dtype;
    view.dims = dims;
    view.rank = 3;
    for (const bool as_content : {false, true}) {
      EXPECT_EQ(Encoded(view, as_content), Dtype(dtype) + Shape({3, 0, 300}));
    }
  }
}

TEST(EncodeTensorProto, WritesAllElementsEvenWhenTheyAreEqual) {
  const std::string zeros(4000, '\0');
  EXPECT_EQ(EncodedVector(DataType::kFloat, zeros),
            Dtype(DataType::kFloat) + Shape({1000}) + proto::BytesField(5, zeros));
}

TEST(EncodeTensorProto, ReadsElementsAtAnyAddress) {
  const std::string shifted = "?" + Raw<int64_t>({1, -1});
  const int64_t dims[] = {2};
  TensorView view;
  view.dtype = DataType::kInt64;
  view.dims = dims;
  view.rank = 1;
  view.elements = 2;
  view.data = shifted.data() + 1;
  EXPECT_EQ(Encoded(view), Dtype(DataType::kInt64) + Shape({2}) + PackedVarints(10, {1, -1}));
}

TEST(EncodeTensorProto, WritesOnlyTheBitsThatASubByteTypeHas) {
  const std::string memory = "\x19\xf7\x08";
  EXPECT_EQ(EncodedVector(DataType::kInt4, memory),
            Dtype(DataType::kInt4) + Shape({3}) + PackedVarints(7, {-7, 7, -8}));
  EXPECT_EQ(EncodedVector(DataType::kUint4, memory),
            Dtype(DataType::kUint4) + Shape({3}) + PackedVarints(7, {9, 7, 8}));
  EXPECT_EQ(EncodedVector(DataType::kInt2, memory),
            Dtype(DataType::kInt2) + Shape({3}) + PackedVarints(7, {1, -1, 0}));
  EXPECT_EQ(EncodedVector(DataType::kUint2, memory),
            Dtype(DataType::kUint2) + Shape({3}) + PackedVarints(7, {1, 3, 0}));
}

TEST(EncodeTensorProto, AppendsToWhatTheBufferHolds) {
  OutputBuffer out;
  out.Append("before");
  TensorView view;
  view.dtype = DataType::kFloat;
  ASSERT_TRUE(EncodeTensorProto(view, false, &out).ok());
  EXPECT_EQ(out.view(), "before" + Dtype(DataType::kFloat) + Shape({}));
}

TEST(EncodeTensorProto, AnswersUnimplementedForADtypeThatCannotBeServed) {
  for (const int number : {0, 20, 21, 101, 34}) {
    TensorView view;
    view.dtype = static_cast<DataType>(number);
    OutputBuffer out;
    EXPECT_EQ(EncodeTensorProto(view, false, &out).code(), Code::kUnimplemented) << number;
    EXPECT_EQ(out.size(), 0u);
  }
}

}  // namespace
}  // namespace tensorgate
