#include "codec/compare/answer_compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "codec/proto/predict_proto.h"
#include "proto_builder.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using proto::Content;
using proto::Dtype;
using proto::FloatField;
using proto::PackedFixed;
using proto::PackedVarints;
using proto::Raw;
using proto::Shape;
using proto::StringVal;
using proto::VarintField;

constexpr double kTolerance = 1e-5;

std::string FloatsProto(const std::vector<float>& values) {
  return Dtype(DataType::kFloat) + Shape({static_cast<int64_t>(values.size())}) +
         PackedFixed(5, values);
}

std::string OutputEntry(const std::string& name, const std::string& tensor) {
  return BytesField(1, BytesField(1, name) + BytesField(2, tensor));
}

std::string Spec(int64_t version) {
  return BytesField(2, BytesField(1, "m") + BytesField(2, VarintField(1, version)));
}

std::string Compared(const std::string& a, const std::string& b, double tolerance = kTolerance) {
  return PredictDifference(a, b, tolerance);
}

std::string ComparedTensors(const std::string& a, const std::string& b) {
  return Compared(OutputEntry("y", a), OutputEntry("y", b));
}

TEST(NumbersAgreeTest, IsRelativeToTheGreaterAboveOneAndAbsoluteBelow) {
  EXPECT_TRUE(NumbersAgree(1000, 1000.009, kTolerance));
  EXPECT_FALSE(NumbersAgree(1000, 1000.011, kTolerance));
  EXPECT_TRUE(NumbersAgree(0.001, 0.001009, kTolerance));
  EXPECT_FALSE(NumbersAgree(0.001, 0.001011, kTolerance));
  EXPECT_TRUE(NumbersAgree(3e-7, -2e-7, kTolerance));
  EXPECT_FALSE(NumbersAgree(1, -1, kTolerance));
  EXPECT_FALSE(NumbersAgree(0, 1e-30, 0));
  EXPECT_TRUE(NumbersAgree(0, -0.0, 0));
}

TEST(NumbersAgreeTest, TakesNanAsEqualToNanAndInfinityToItselfAlone) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(NumbersAgree(NAN, NAN, kTolerance));
  EXPECT_FALSE(NumbersAgree(NAN, 0, kTolerance));
  EXPECT_TRUE(NumbersAgree(inf, inf, kTolerance));
  EXPECT_FALSE(NumbersAgree(inf, -inf, kTolerance));
  EXPECT_FALSE(NumbersAgree(inf, 1e308, 1));
}

TEST(PredictDifferenceTest, LeavesTheVersionOut) {
  const std::string output = OutputEntry("y", FloatsProto({1, 2}));
  EXPECT_EQ(Compared(output + Spec(1), output + Spec(2)), "");
}

TEST(PredictDifferenceTest, NamesTheFirstElementThatDiffers) {
  EXPECT_EQ(Compared(OutputEntry("y", FloatsProto({1, 2, 3})) + Spec(1),
                     OutputEntry("y", FloatsProto({1.000001f, 2.5f, 4})) + Spec(2)),
            "outputs[\"y\"][1]: 2, shadow 2.5");
  const std::string shape = Dtype(DataType::kInt64) + Shape({2, 3});
  EXPECT_EQ(ComparedTensors(shape + PackedVarints(10, {1, 2, 3, 4, 5, 6}),
                            shape + PackedVarints(10, {1, 2, 3, 4, 5, -6})),
            "outputs[\"y\"][1][2]: 6, shadow -6");
}

TEST(PredictDifferenceTest, TakesOutputsInAnyOrder) {
  const std::string x = OutputEntry("x", FloatsProto({1}));
  const std::string y = OutputEntry("y", FloatsProto({2}));
  EXPECT_EQ(Compared(x + y, y + x), "");
  EXPECT_EQ(Compared(x + y, x), "outputs[\"y\"]: there, shadow none");
  EXPECT_EQ(Compared(y, x + y), "outputs[\"x\"]: none, shadow there");
  EXPECT_EQ(Compared(x, y), "outputs[\"x\"]: there, shadow none");
}

TEST(PredictDifferenceTest, ComparesTypeAndShape) {
  EXPECT_EQ(ComparedTensors(FloatsProto({1, 1}), FloatsProto({1, 1, 1})),
            "outputs[\"y\"]: DT_FLOAT [2], shadow DT_FLOAT [3]");
  const std::string integer = Dtype(DataType::kInt32) + Shape({1}) + PackedVarints(7, {1});
  EXPECT_EQ(ComparedTensors(FloatsProto({1}), integer),
            "outputs[\"y\"]: DT_FLOAT [1], shadow DT_INT32 [1]");
}

TEST(PredictDifferenceTest, ComparesContentAsTheTypedField) {
  const std::string content = Dtype(DataType::kFloat) + Shape({2}) + Content(Raw<float>({1, 2}));
  EXPECT_EQ(ComparedTensors(FloatsProto({1, 2}), content), "");
}

TEST(PredictDifferenceTest, AppliesTheToleranceToEveryWideFloat) {
  const auto tensor = [](DataType dtype, const std::string& values) {
    return Dtype(dtype) + Shape({1}) + Content(values);
  };
  const auto check = [&](DataType dtype, const std::string& a, const std::string& near,
                         const std::string& far, double tolerance) {
    const std::string one = OutputEntry("y", tensor(dtype, a));
    EXPECT_EQ(Compared(one, OutputEntry("y", tensor(dtype, near)), tolerance), "")
        << DataTypeName(dtype);
    EXPECT_NE(Compared(one, OutputEntry("y", tensor(dtype, far)), tolerance), "")
        << DataTypeName(dtype);
  };
  check(DataType::kDouble, Raw<double>({1}), Raw<double>({1.000001}), Raw<double>({1.1}), 1e-5);
  check(DataType::kComplex64, Raw<float>({1, 2}), Raw<float>({1, 2.000001f}), Raw<float>({1, 3}),
        1e-5);
  check(DataType::kComplex128, Raw<double>({1, 2}), Raw<double>({1, 2.000001}), Raw<double>({1, 3}),
        1e-5);
  // 1, the next number above it (2^-10 and 2^-7 away), and 2.
  check(DataType::kHalf, Raw<uint16_t>({0x3c00}), Raw<uint16_t>({0x3c01}), Raw<uint16_t>({0x4000}),
        1e-3);
  check(DataType::kBfloat16, Raw<uint16_t>({0x3f80}), Raw<uint16_t>({0x3f81}),
        Raw<uint16_t>({0x4000}), 1e-2);
  // NaN of both signs; subnormals; infinity.
  check(DataType::kHalf, Raw<uint16_t>({0x7e00}), Raw<uint16_t>({0xfe01}), Raw<uint16_t>({0x7c00}),
        0);
  check(DataType::kHalf, Raw<uint16_t>({0x0000}), Raw<uint16_t>({0x8000}), Raw<uint16_t>({0x0001}),
        1e-8);
}

TEST(PredictDifferenceTest, ComparesStringsExactly) {
  const std::string head = Dtype(DataType::kString) + Shape({2});
  EXPECT_EQ(ComparedTensors(head + StringVal("a") + StringVal("b"),
                            head + StringVal("a") + StringVal("\xff")),
            "outputs[\"y\"][1]: \"b\", shadow \"?\"");
}

TEST(PredictDifferenceTest, FindsNoElementInAnEmptyTensor) {
  EXPECT_EQ(ComparedTensors(Dtype(DataType::kFloat) + Shape({0, 3}),
                            Shape({0, 3}) + Dtype(DataType::kFloat)),
            "");
}

TEST(PredictDifferenceTest, DiffersForBytesThatAreNoResponse) {
  EXPECT_EQ(Compared("\x0a\xff", OutputEntry("y", FloatsProto({1}))),
            "outputs: not the bytes of a response");
  EXPECT_EQ(ComparedTensors("\x0a\xff", FloatsProto({1})),
            "outputs[\"y\"]: not the bytes of a response");
}

TEST(PredictDifferenceTest, FitsItsText) {
  const std::string name(100000, 'n');
  EXPECT_LE(Compared(OutputEntry(name, FloatsProto({1})), "").size(), kMaxDifferenceBytes);
}

std::string ClassProto(const std::string& label, float score) {
  return BytesField(1, BytesField(1, label) + (score == 0 ? "" : FloatField(2, score)));
}

std::string Classifications(const std::string& classes) { return BytesField(1, classes); }

std::string RegressionProto(float value) {
  return BytesField(1, value == 0 ? "" : FloatField(1, value));
}

TEST(ExampleDifferenceTest, ComparesClassesByLabelAndScore) {
  const auto response = [](const std::string& rows) { return BytesField(1, rows) + Spec(1); };
  const auto compared = [&](const std::string& a, const std::string& b) {
    return ClassificationDifference(response(a), response(b) + "", kTolerance);
  };
  const std::string row = Classifications(ClassProto("a", 0.5f) + ClassProto("b", 0));
  EXPECT_EQ(compared(row + row, row + row), "");
  EXPECT_EQ(compared(row, Classifications(ClassProto("a", 0.500001f) + ClassProto("b", 0))), "");
  EXPECT_EQ(
      compared(row + row, row + Classifications(ClassProto("a", 0.5f) + ClassProto("b", 0.25f))),
      "result.classifications[1].classes[1].score: 0, shadow 0.25");
  EXPECT_EQ(compared(row, Classifications(ClassProto("a", 0.5f) + ClassProto("c", 0))),
            "result.classifications[0].classes[1].label: \"b\", shadow \"c\"");
  EXPECT_EQ(compared(row, Classifications(ClassProto("a", 0.5f))),
            "result.classifications[0].classes[1]: there, shadow none");
  EXPECT_EQ(compared(row, row + row), "result.classifications[1]: none, shadow there");
  EXPECT_EQ(compared(row, "\x0a\xff"), "result.classifications: not the bytes of a response");
}

TEST(ExampleDifferenceTest, ComparesRegressionsByValue) {
  const std::string one = BytesField(1, RegressionProto(1) + RegressionProto(0));
  EXPECT_EQ(RegressionDifference(one + Spec(1), one + Spec(2), kTolerance), "");
  EXPECT_EQ(RegressionDifference(one, BytesField(1, RegressionProto(1) + RegressionProto(-2)),
                                 kTolerance),
            "result.regressions[1].value: 0, shadow -2");
}

TEST(ExampleDifferenceTest, ComparesTheResultsOfEveryTask) {
  const auto task = [](int64_t version, uint32_t field, const std::string& rows) {
    return BytesField(
        1, BytesField(1, BytesField(2, VarintField(1, version))) + BytesField(field, rows));
  };
  const std::string classes = Classifications(ClassProto("a", 1));
  const std::string a = task(1, 2, classes) + task(1, 3, RegressionProto(1));
  EXPECT_EQ(
      MultiInferenceDifference(a, task(2, 2, classes) + task(2, 3, RegressionProto(1)), kTolerance),
      "");
  EXPECT_EQ(
      MultiInferenceDifference(a, task(2, 2, classes) + task(2, 3, RegressionProto(3)), kTolerance),
      "results[1].regression_result.regressions[0].value: 1, shadow 3");
  EXPECT_EQ(
      MultiInferenceDifference(a, task(2, 3, RegressionProto(1)) + task(2, 2, classes), kTolerance),
      "results[0].classification_result[0]: there, shadow none");
}

TEST(JsonDifferenceTest, ComparesNumbersByToleranceAndIntegersExactly) {
  EXPECT_EQ(JsonDifference("{\"predictions\": [1.0, 2.5]}", "{\"predictions\":[1.000001, 2.5]}",
                           kTolerance),
            "");
  EXPECT_EQ(
      JsonDifference("{\"predictions\": [1.0, 2.5]}", "{\"predictions\": [1.0, 2.6]}", kTolerance),
      "predictions[1]: 2.5, shadow 2.6");
  EXPECT_EQ(JsonDifference("[100000000, -7]", "[100000001, -7]", kTolerance),
            "[0]: 100000000, shadow 100000001");
  EXPECT_EQ(JsonDifference("[-7]", "[7]", 10), "[0]: -7, shadow 7");
  EXPECT_EQ(JsonDifference("[NaN, Infinity]", "[NaN,Infinity]", kTolerance), "");
  EXPECT_EQ(JsonDifference("[NaN]", "[1.0]", kTolerance), "[0]: nan, shadow 1");
}

TEST(JsonDifferenceTest, TakesMembersInAnyOrder) {
  EXPECT_EQ(JsonDifference(R"({"a": 1, "b": [{"c": "x", "d": 2}], "e": null})",
                           R"({"e": null, "b": [{"d": 2, "c": "x"}], "a": 1})", kTolerance),
            "");
  EXPECT_EQ(JsonDifference(R"({"outputs": {"a": [1, [2, 3]], "b c": 1}})",
                           R"({"outputs": {"b c": 1, "a": [1, [2, 4]]}})", kTolerance),
            "outputs.a[1][1]: 3, shadow 4");
  EXPECT_EQ(JsonDifference(R"({"outputs": {"b c": 1}})", R"({"outputs": {"b c": 2}})", kTolerance),
            "outputs[\"b c\"]: 1, shadow 2");
  EXPECT_EQ(JsonDifference(R"({"a": 1, "b": 2})", R"({"a": 1, "c": 2})", kTolerance),
            "b: there, shadow none");
}

TEST(JsonDifferenceTest, ComparesTheRestExactly) {
  EXPECT_EQ(JsonDifference(R"(["\u0041", true])", R"(["A", true])", kTolerance), "");
  EXPECT_EQ(JsonDifference(R"(["A"])", R"(["B"])", kTolerance), "[0]: \"A\", shadow \"B\"");
  EXPECT_EQ(JsonDifference("[true]", "[false]", kTolerance), "[0]: True, shadow False");
  EXPECT_EQ(JsonDifference("[[1, 2]]", "[[1]]", kTolerance), "[0]: size 2, shadow size 1");
  EXPECT_EQ(JsonDifference("[1]", "[\"1\"]", kTolerance), "[0]: Number, shadow String");
  EXPECT_EQ(JsonDifference("[[], {}]", "[ [ ], { } ]", kTolerance), "");
  EXPECT_EQ(JsonDifference("[1", "[1]", kTolerance), "body: not the JSON of a reply");
}

TEST(JsonDifferenceTest, DoesNotRecurse) {
  const std::string open(1000000, '[');
  const std::string close(1000000, ']');
  EXPECT_EQ(JsonDifference(open + close, open + " " + close, kTolerance), "");
  EXPECT_LE(JsonDifference(open + "1" + close, open + "2" + close, kTolerance).size(),
            kMaxDifferenceBytes);
}

}  // namespace
}  // namespace tensorgate
