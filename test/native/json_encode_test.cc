#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

#include "codec/json/json_predict.h"
#include "codec/json/json_write.h"

namespace tensorgate {
namespace {

using namespace std::string_literals;

std::string Float(float value) {
  char text[kMaxJsonNumberBytes];
  return std::string(text, WriteJsonFloat(value, text));
}

std::string Double(double value) {
  char text[kMaxJsonNumberBytes];
  return std::string(text, WriteJsonDouble(value, text));
}

// A value to encode that owns its memory.
struct Output {
  std::string name;
  DataType dtype;
  std::vector<int64_t> dims;
  std::string bytes;
  std::vector<std::string> strings;

  NamedTensorView view() const {
    int64_t elements = 1;
    for (const int64_t dim : dims) elements *= dim;
    TensorView tensor{dtype, dims.data(), static_cast<int>(dims.size()), elements, bytes.data()};
    if (dtype == DataType::kString) {
      tensor.data = &strings;
      tensor.string_at = [](const void* data, int64_t index) {
        return std::string_view(
            (*static_cast<const std::vector<std::string>*>(data))[static_cast<size_t>(index)]);
      };
    }
    return {name, tensor};
  }
};

template <typename T>
Output Make(std::string name, DataType dtype, std::vector<int64_t> dims, std::vector<T> values) {
  Output output{std::move(name), dtype, std::move(dims), {}, {}};
  output.bytes.resize(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(output.bytes.data(), values.data(), output.bytes.size());
  return output;
}

Output FloatOutput(std::string name, std::vector<int64_t> dims, std::vector<float> values) {
  return Make(std::move(name), DataType::kFloat, std::move(dims), std::move(values));
}

Output IntOutput(std::string name, std::vector<int64_t> dims, std::vector<int32_t> values) {
  return Make(std::move(name), DataType::kInt32, std::move(dims), std::move(values));
}

Output StringOutput(std::string name, std::vector<int64_t> dims, std::vector<std::string> values) {
  return {std::move(name), DataType::kString, std::move(dims), {}, std::move(values)};
}

std::string EncodedJson(JsonFormat format, const std::vector<Output>& outputs) {
  std::vector<NamedTensorView> views;
  for (const Output& output : outputs) views.push_back(output.view());
  OutputBuffer out;
  const Status status = EncodePredictJson(format, views, &out);
  if (!status.ok()) {
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    return status.message();
  }
  return std::string(out.view());
}

std::string Row(const std::vector<Output>& outputs) {
  return EncodedJson(JsonFormat::kRow, outputs);
}
std::string Columnar(const std::vector<Output>& outputs) {
  return EncodedJson(JsonFormat::kColumnar, outputs);
}

TEST(JsonNumbers, PrintSixDigitsWhereTheyAreEnough) {
  EXPECT_EQ(Float(2), "2.0");
  EXPECT_EQ(Float(0.2f), "0.2");
  EXPECT_EQ(Float(100000), "100000.0");
  EXPECT_EQ(Float(1e6f), "1e+06");
  EXPECT_EQ(Float(3e-5f), "3e-05");
  EXPECT_EQ(Float(0.0003f), "0.0003");
  EXPECT_EQ(Float(9000000), "9e+06");
  EXPECT_EQ(Float(999999), "999999.0");
  EXPECT_EQ(Float(8388610), "8.38861e+06");
  EXPECT_EQ(Double(1e22), "1e+22");
  EXPECT_EQ(Double(1e100), "1e+100");
  EXPECT_EQ(Double(-2.5e-300), "-2.5e-300");
}

TEST(JsonNumbers, PrintAllDigitsWhereSixAreNotEnough) {
  EXPECT_EQ(Float(1234567), "1234567.0");
  EXPECT_EQ(Float(555557.5f), "555557.5");
  EXPECT_EQ(Float(123456.7f), "123456.703");
  EXPECT_EQ(Float(16777216), "16777216.0");
  EXPECT_EQ(Float(1.0f / 3), "0.333333343");
  EXPECT_EQ(Float(std::numeric_limits<float>::max()), "3.40282347e+38");
  EXPECT_EQ(Float(std::numeric_limits<float>::denorm_min()), "1.4013e-45");
  EXPECT_EQ(Double(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(Double(123456789012), "123456789012.0");
  EXPECT_EQ(Double(18446744073709551616.0), "1.8446744073709552e+19");
  EXPECT_EQ(Double(std::numeric_limits<double>::denorm_min()), "4.94066e-324");
  EXPECT_EQ(Double(-std::numeric_limits<double>::max()), "-1.7976931348623157e+308");
}

TEST(JsonNumbers, PrintZeroWithItsSign) {
  EXPECT_EQ(Float(0), "0.0");
  EXPECT_EQ(Float(-0.0f), "-0.0");
  EXPECT_EQ(Double(-0.0), "-0.0");
}

TEST(JsonNumbers, PrintBareWordsWhenNotFinite) {
  EXPECT_EQ(Float(std::nanf("")), "NaN");
  EXPECT_EQ(Float(-std::nanf("")), "NaN");
  EXPECT_EQ(Float(INFINITY), "Infinity");
  EXPECT_EQ(Double(-INFINITY), "-Infinity");
}

// The rule as it is written down: "%g", and with all digits when that does not read back.
template <typename T>
std::string ByTheRule(T value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%g", static_cast<double>(value));
  const T back =
      sizeof(T) == 4 ? std::strtof(text, nullptr) : static_cast<T>(std::strtod(text, nullptr));
  if (back != value) {
    std::snprintf(text, sizeof(text), "%.*g", std::numeric_limits<T>::max_digits10,
                  static_cast<double>(value));
  }
  std::string result = text;
  return result.find_first_of(".e") == std::string::npos ? result + ".0" : result;
}

TEST(JsonNumbers, FollowTheRuleForFloatsOfEverySize) {
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 40009) {
    const uint32_t word = static_cast<uint32_t>(bits);
    float value;
    std::memcpy(&value, &word, sizeof(value));
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(Float(value), ByTheRule(value));
  }
  for (int power = -140; power <= 120; ++power) {  // the steps on both sides differ
    const float value = std::ldexp(1.0f, power);
    ASSERT_EQ(Float(value), ByTheRule(value));
    ASSERT_EQ(Float(std::nextafter(value, 0.0f)), ByTheRule(std::nextafter(value, 0.0f)));
  }
}

TEST(JsonNumbers, FollowTheRuleForShortDecimals) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 50000; ++i) {
    const double value = static_cast<double>(random() % 20000000) / std::pow(10, random() % 12);
    ASSERT_EQ(Float(static_cast<float>(value)), ByTheRule(static_cast<float>(value)));
    ASSERT_EQ(Double(value), ByTheRule(value));
  }
}

TEST(JsonStrings, EscapeWhatJsonDemandsAndNothingElse) {
  OutputBuffer out;
  AppendJsonString("\"\\/\b\f\n\r\t\x01\x1f\x7f\0\xc3\xa9\xff"s, &out);
  EXPECT_EQ(out.view(), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\x7f\\u0000\xc3\xa9\xff\"");
}

TEST(JsonReply, PrintsRowsOfOneOutputOnOneLine) {
  EXPECT_EQ(Row({FloatOutput("y", {3}, {2.5, 3, 4.5})}),
            "{\n    \"predictions\": [2.5, 3.0, 4.5\n    ]\n}");
  EXPECT_EQ(Row({FloatOutput("y", {2, 2}, {1, 2, 3, 4})}),
            "{\n    \"predictions\": [[1.0, 2.0], [3.0, 4.0]\n    ]\n}");
  EXPECT_EQ(Row({IntOutput("y", {1, 2, 1, 2}, {1, 2, 3, 4})}),
            "{\n    \"predictions\": [[[[1, 2]], [[3, 4]]]\n    ]\n}");
}

TEST(JsonReply, PrintsRowsOfSeveralOutputsAsObjects) {
  EXPECT_EQ(
      Row({FloatOutput("a", {2}, {1, 2}), IntOutput("b", {2, 2}, {1, 2, 3, 4})}),
      "{\n    \"predictions\": [\n        {\n            \"a\": 1.0,\n            \"b\": [1, 2]\n"
      "        },\n        {\n            \"a\": 2.0,\n            \"b\": [3, 4]\n        }\n"
      "    ]\n}");
}

TEST(JsonReply, KeepsTheOrderOfItsOutputs) {
  EXPECT_EQ(Row({IntOutput("b", {1}, {1}), IntOutput("a", {1}, {2})}),
            "{\n    \"predictions\": [\n        {\n            \"b\": 1,\n            \"a\": 2\n"
            "        }\n    ]\n}");
}

TEST(JsonReply, PrintsColumnsWithOneElementALine) {
  EXPECT_EQ(
      Columnar({FloatOutput("y", {1, 2}, {1, 2})}),
      "{\n    \"outputs\": [\n        [\n            1.0,\n            2.0\n        ]\n    ]\n}");
  EXPECT_EQ(Columnar({FloatOutput("a", {1}, {1}), FloatOutput("s", {}, {1})}),
            "{\n    \"outputs\": {\n        \"a\": [\n            1.0\n        ],\n"
            "        \"s\": 1.0\n    }\n}");
  EXPECT_EQ(Columnar({IntOutput("y", {2, 2}, {1, 2, 3, 4})}),
            "{\n    \"outputs\": [\n        [\n            1,\n            2\n        ],\n"
            "        [\n            3,\n            4\n        ]\n    ]\n}");
}

TEST(JsonReply, PrintsABareScalarInColumnarForm) {
  EXPECT_EQ(Columnar({FloatOutput("y", {}, {42})}), "{\n    \"outputs\": 42.0\n}");
}

TEST(JsonReply, PrintsEmptyLists) {
  EXPECT_EQ(Row({FloatOutput("y", {0}, {})}), "{\n    \"predictions\": []\n}");
  EXPECT_EQ(Row({FloatOutput("y", {0}, {}), FloatOutput("z", {0, 3}, {})}),
            "{\n    \"predictions\": []\n}");
  EXPECT_EQ(Row({FloatOutput("y", {2, 0}, {})}), "{\n    \"predictions\": [[], []\n    ]\n}");
  EXPECT_EQ(Row({FloatOutput("y", {1, 2, 0, 5}, {})}),
            "{\n    \"predictions\": [[[], []]\n    ]\n}");
  EXPECT_EQ(Columnar({FloatOutput("y", {0}, {})}), "{\n    \"outputs\": []\n}");
  EXPECT_EQ(Columnar({FloatOutput("y", {2, 0}, {})}),
            "{\n    \"outputs\": [\n        [],\n        []\n    ]\n}");
}

TEST(JsonReply, PrintsEveryTypeThatJsonCanCarry) {
  EXPECT_EQ(Row({Make<double>("y", DataType::kDouble, {2}, {0.5, 1e22})}),
            "{\n    \"predictions\": [0.5, 1e+22\n    ]\n}");
  EXPECT_EQ(Row({Make<int8_t>("y", DataType::kInt8, {2}, {-128, 127})}),
            "{\n    \"predictions\": [-128, 127\n    ]\n}");
  EXPECT_EQ(Row({Make<uint8_t>("y", DataType::kUint8, {2}, {0, 255})}),
            "{\n    \"predictions\": [0, 255\n    ]\n}");
  EXPECT_EQ(Row({Make<int16_t>("y", DataType::kInt16, {1}, {-32768})}),
            "{\n    \"predictions\": [-32768\n    ]\n}");
  EXPECT_EQ(Row({Make<int64_t>("y", DataType::kInt64, {1}, {INT64_MIN})}),
            "{\n    \"predictions\": [-9223372036854775808\n    ]\n}");
  EXPECT_EQ(Row({Make<uint32_t>("y", DataType::kUint32, {1}, {UINT32_MAX})}),
            "{\n    \"predictions\": [4294967295\n    ]\n}");
  EXPECT_EQ(Row({Make<uint64_t>("y", DataType::kUint64, {1}, {UINT64_MAX})}),
            "{\n    \"predictions\": [18446744073709551615\n    ]\n}");
  EXPECT_EQ(Row({Make<uint8_t>("y", DataType::kBool, {2}, {1, 0})}),
            "{\n    \"predictions\": [true, false\n    ]\n}");
  EXPECT_EQ(Row({StringOutput("y", {2}, {"a\"b", "\xff"})}),
            "{\n    \"predictions\": [\"a\\\"b\", \"\xff\"\n    ]\n}");
}

TEST(JsonReply, PrintsFloatsThatAreNotFinite) {
  EXPECT_EQ(Row({FloatOutput("y", {4}, {std::nanf(""), INFINITY, 3, -INFINITY})}),
            "{\n    \"predictions\": [NaN, Infinity, 3.0, -Infinity\n    ]\n}");
}

TEST(JsonReply, PrintsStringsOfOutputsNamedBytesAsBase64) {
  EXPECT_EQ(Row({StringOutput("y_bytes", {2}, {"hi", "yo"})}),
            "{\n    \"predictions\": [{\n            \"b64\": \"aGk=\"\n        }, {\n"
            "            \"b64\": \"eW8=\"\n        }\n    ]\n}");
  EXPECT_EQ(
      Row({StringOutput("y_bytes", {1, 1}, {"hi"})}),
      "{\n    \"predictions\": [[{\n                \"b64\": \"aGk=\"\n            }]\n    ]\n}");
  EXPECT_EQ(Columnar({StringOutput("y_bytes", {1}, {"hi"})}),
            "{\n    \"outputs\": [\n        {\n            \"b64\": \"aGk=\"\n        }\n    ]\n}");
  EXPECT_EQ(Columnar({StringOutput("_bytes", {}, {""})}),
            "{\n    \"outputs\": {\n        \"b64\": \"\"\n    }\n}");
  EXPECT_EQ(Row({StringOutput("a_bytes", {1}, {"hi"}), IntOutput("b_bytes", {1}, {1})}),
            "{\n    \"predictions\": [\n        {\n            \"a_bytes\": {\n"
            "                \"b64\": \"aGk=\"\n            },\n            \"b_bytes\": 1\n"
            "        }\n    ]\n}");
}

TEST(JsonReply, EscapesOutputNames) {
  EXPECT_EQ(Columnar({IntOutput("a\"b", {}, {1}), IntOutput("c", {}, {2})}),
            "{\n    \"outputs\": {\n        \"a\\\"b\": 1,\n        \"c\": 2\n    }\n}");
}

TEST(JsonReply, NeedsAnOutput) {
  EXPECT_EQ(Row({}), "Cannot convert empty tensor map to JSON");
  EXPECT_EQ(Columnar({}), "Cannot convert empty tensor map to JSON");
}

TEST(JsonReply, NeedsABatchDimensionInRowForm) {
  EXPECT_EQ(Row({FloatOutput("y", {}, {1})}), "Tensor name: y has no shape information ");
}

TEST(JsonReply, NeedsOneBatchSizeInRowForm) {
  EXPECT_EQ(Row({FloatOutput("a", {2}, {1, 2}), FloatOutput("b", {1}, {1})}),
            "Tensor name: b has inconsistent batch size: 1 expecting: 2");
  EXPECT_EQ(Row({FloatOutput("a", {0}, {}), FloatOutput("b", {1}, {1})}),
            "Tensor name: b has inconsistent batch size: 1 expecting: 0");
}

TEST(JsonReply, RefusesTypesThatJsonCannotCarry) {
  EXPECT_EQ(Row({Make<uint64_t>("y", DataType::kComplex64, {1}, {0})}),
            "Failed to write JSON value for tensor type: complex64");
  EXPECT_EQ(Columnar({Make<uint16_t>("y", DataType::kHalf, {1}, {0})}),
            "Failed to write JSON value for tensor type: half");
  EXPECT_EQ(Columnar({Make<uint16_t>("y", DataType::kUint16, {1}, {0})}),
            "Failed to write JSON value for tensor type: uint16");
  EXPECT_EQ(Row({Make<uint16_t>("y", DataType::kHalf, {0}, {})}), "{\n    \"predictions\": []\n}");
}

TEST(JsonReply, PrintsTensorsOfTheHighestRank) {
  EXPECT_EQ(Row({IntOutput("y", std::vector<int64_t>(kMaxRank, 1), {7})}),
            "{\n    \"predictions\": [" + std::string(kMaxRank - 1, '[') + "7" +
                std::string(kMaxRank - 1, ']') + "\n    ]\n}");
}

}  // namespace
}  // namespace tensorgate
