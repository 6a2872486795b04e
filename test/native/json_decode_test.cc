// Predict bodies that decode, and what the tensors then hold. Errors: json_decode_errors_test.cc.
#include <gtest/gtest.h>

#include <limits>

#include "json_request.h"

namespace tensorgate {
namespace {

using namespace std::string_literals;

TEST(JsonRows, StackPlainValues) {
  EXPECT_EQ(Decoded("{\"instances\": [1.0, 2.0, 5.0]}", OneInput(DataType::kFloat)),
            "row serving_default; x = float [3]: 1 2 5");
  EXPECT_EQ(DecodedTensor("{\"instances\": [[1,2],[3,4],[5,6]]}", DataType::kInt32),
            "int32 [3,2]: 1 2 3 4 5 6");
  EXPECT_EQ(DecodedTensor("{\"instances\":[[[1],[2]]]}", DataType::kInt32), "int32 [1,2,1]: 1 2");
  EXPECT_EQ(DecodedTensor(" { \"instances\" : [ [ 1 , 2 ] , [ 3 , 4 ] ] } ", DataType::kInt32),
            "int32 [2,2]: 1 2 3 4");
}

TEST(JsonRows, StackTheMembersOfObjects) {
  EXPECT_EQ(Decoded(R"({"instances": [{"a": 1, "b": "x"}, {"b": "y", "a": 2}]})", TwoInputs()),
            "row serving_default; a = int32 [2]: 1 2; b = string [2]: |x|y|");
  EXPECT_EQ(Decoded(R"({"instances": [{"a": [1, 2], "b": [["x"]]}, {"b": [["y"]], "a": [3, 4]}]})",
                    TwoInputs()),
            "row serving_default; a = int32 [2,2]: 1 2 3 4; b = string [2,1,1]: |x|y|");
}

TEST(JsonRows, TakeObjectsForASingleInputToo) {
  EXPECT_EQ(DecodedTensor(R"({"instances": [{"x": [1.5]}, {"x": [2.5]}]})", DataType::kFloat),
            "float [2,1]: 1.5 2.5");
  EXPECT_EQ(DecodedTensor(R"({"instances": [{"x": {"b64": "aGk="}}]})", DataType::kString),
            "string [1]: |hi|");
}

TEST(JsonRows, TakeFourInputsOfDifferentTypes) {
  const SignatureLookup lookup = Lookup({{"serving_default",
                                          {{"double_tensor", DataType::kDouble},
                                           {"float_tensor", DataType::kFloat},
                                           {"int_tensor", DataType::kInt32},
                                           {"str_tensor", DataType::kString}}}});
  EXPECT_EQ(Decoded(R"({"instances": [
                {"int_tensor": [[1,2],[3,4]], "str_tensor": ["foo", "bar"],
                 "float_tensor": [1.0], "double_tensor": 10.5},
                {"int_tensor": [[7,8],[9,0]], "str_tensor": ["baz", "qux"],
                 "float_tensor": [4.0], "double_tensor": 11}]})",
                    lookup),
            "row serving_default; double_tensor = double [2]: 10.5 11; "
            "float_tensor = float [2,1]: 1 4; int_tensor = int32 [2,2,2]: 1 2 3 4 7 8 9 0; "
            "str_tensor = string [2,2]: |foo|bar|baz|qux|");
}

TEST(JsonRows, KeepEmptyLists) {
  EXPECT_EQ(DecodedTensor("{\"instances\": [[], []]}", DataType::kFloat), "float [2,0]: ");
  EXPECT_EQ(DecodedTensor("{\"instances\": [[[]], [[]]]}", DataType::kString), "string [2,1,0]: |");
  EXPECT_EQ(Decoded(R"({"instances": [{"a": [], "b": []}]})", TwoInputs()),
            "row serving_default; a = int32 [1,0]: ; b = string [1,0]: |");
}

TEST(JsonRows, KeepEmptyListsOfATypeThatJsonCannotCarry) {
  JsonPredictRequest request;
  ASSERT_TRUE(
      DecodePredictJson("{\"instances\": [[]]}", OneInput(DataType::kHalf), {}, &request).ok());
  EXPECT_EQ(request.inputs[0].tensor.dims, (std::vector<int64_t>{1, 0}));
}

TEST(JsonRows, DropTheValuesThatARepeatedKeyLeavesOver) {
  EXPECT_EQ(DecodedTensor(R"({"instances": [{"x": 1, "x": 2}, {"x": 3}]})", DataType::kInt32),
            "int32 [2]: 1 2");
  EXPECT_EQ(DecodedTensor(R"({"instances": [{"x": "a", "x": "b"}]})", DataType::kString),
            "string [1]: |a|");
}

TEST(JsonRows, CutKeysAtANul) {
  EXPECT_EQ(DecodedTensor(R"({"instances": [{"x\u0000y": 1}]})", DataType::kInt32), "int32 [1]: 1");
}

TEST(JsonRows, ReadEscapedKeys) {
  EXPECT_EQ(DecodedTensor(R"({"instances": [{"\u0078": 1}]})", DataType::kInt32), "int32 [1]: 1");
  EXPECT_EQ(DecodedTensor(R"({"\u0069nstances": [1]})", DataType::kInt32), "int32 [1]: 1");
  EXPECT_EQ(DecodedTensor(R"({"instances": [{"\u00624": 1}]})", DataType::kInt32).substr(0, 16),
            "INVALID_ARGUMENT");
  EXPECT_EQ(DecodedTensor(R"({"instances": [{"\u006264": "aGk="}]})", DataType::kString),
            "string [1]: |hi|");
}

TEST(JsonRows, GiveBase64RowsToOneInputEvenWhereThereAreTwo) {
  EXPECT_EQ(
      Decoded(R"({"instances": [{"b64": "aGk="}]})",
              Lookup({{"serving_default", {{"s", DataType::kString}, {"t", DataType::kString}}}})),
      "row serving_default; s = string [1]: |hi|");
}

TEST(JsonColumns, TakeABareValue) {
  EXPECT_EQ(Decoded("{\"inputs\": [3.0, 4.0]}", OneInput(DataType::kFloat)),
            "columnar serving_default; x = float [2]: 3 4");
  EXPECT_EQ(DecodedTensor("{\"inputs\": 7}", DataType::kInt64), "int64 []: 7");
  EXPECT_EQ(DecodedTensor("{\"inputs\": \"hi\"}", DataType::kString), "string []: |hi|");
  EXPECT_EQ(DecodedTensor("{\"inputs\": true}", DataType::kBool), "bool []: 1");
  EXPECT_EQ(DecodedTensor("{\"inputs\": {\"b64\": \"aGk=\"}}", DataType::kString),
            "string []: |hi|");
  EXPECT_EQ(DecodedTensor("{\"inputs\": []}", DataType::kFloat), "float [0]: ");
}

TEST(JsonColumns, TakeNamedValues) {
  EXPECT_EQ(DecodedTensor("{\"inputs\": {\"x\": [[1,2],[3,4]]}}", DataType::kInt32),
            "int32 [2,2]: 1 2 3 4");
  EXPECT_EQ(
      Decoded(R"({"inputs": {"b": [["x"], [{"b64": "aGk="}]], "a": [1, 2, 3]}})", TwoInputs()),
      "columnar serving_default; a = int32 [3]: 1 2 3; b = string [2,1]: |x|hi|");
}

TEST(JsonColumns, IgnoreMembersThatAreNoInput) {
  EXPECT_EQ(Decoded(R"({"inputs": {"z": {"deep": [1, {"x": null}]}, "a": 1, "b": "x", "y": 2}})",
                    TwoInputs()),
            "columnar serving_default; a = int32 []: 1; b = string []: |x|");
}

TEST(JsonColumns, TakeTheFirstOfARepeatedMember) {
  EXPECT_EQ(Decoded(R"({"inputs": {"a": 1, "b": "x", "a": 2}})", TwoInputs()),
            "columnar serving_default; a = int32 []: 1; b = string []: |x|");
}

TEST(JsonBodies, MayNameTheSignatureBeforeOrBehindTheValues) {
  const SignatureLookup lookup = Lookup(
      {{"serving_default", {{"x", DataType::kInt32}}}, {"floats", {{"y", DataType::kFloat}}}});
  EXPECT_EQ(Decoded(R"({"signature_name": "floats", "instances": [1]})", lookup),
            "row floats; y = float [1]: 1");
  EXPECT_EQ(Decoded(R"({"instances": [1], "signature_name": "floats"})", lookup),
            "row floats; y = float [1]: 1");
  EXPECT_EQ(Decoded(R"({"instances": [1.5], "signature_name": "floats"})", lookup),
            "row floats; y = float [1]: 1.5");
  EXPECT_EQ(Decoded(R"({"instances": [{"y": 1.5}], "z": 0, "signature_name": "floats"})", lookup),
            "row floats; y = float [1]: 1.5");
  EXPECT_EQ(Decoded(R"({"inputs": 1, "signature_name": ""})", lookup),
            "columnar serving_default; x = int32 []: 1");
  EXPECT_EQ(Decoded(R"({"instances": [1], "signature_name": "serving_default"})", lookup),
            "row serving_default; x = int32 [1]: 1");
  EXPECT_EQ(Decoded(R"({"signature_name": "\u0066loats", "instances": [1]})", lookup),
            "row floats; y = float [1]: 1");
}

TEST(JsonBodies, WorkWhereTheModelHasNoDefaultSignature) {
  EXPECT_EQ(Decoded(R"({"instances": [1], "signature_name": "only"})",
                    Lookup({{"only", {{"x", DataType::kInt32}}}})),
            "row only; x = int32 [1]: 1");
}

TEST(JsonBodies, IgnoreUnknownKeysAndWhatFollows) {
  EXPECT_EQ(DecodedTensor(R"({"z": [1, {"a": [true, null, "\n", 1e5]}], "instances": [1]}X)",
                          DataType::kInt32),
            "int32 [1]: 1");
  EXPECT_EQ(DecodedTensor("{\"instances\\u0000x\": 1, \"instances\": [2]}", DataType::kInt32),
            "int32 [1]: 2");
}

TEST(JsonBodies, UseTheFirstOfARepeatedKey) {
  EXPECT_EQ(DecodedTensor(R"({"instances": [1], "instances": [2]})", DataType::kInt32),
            "int32 [1]: 1");
  EXPECT_EQ(Decoded(R"({"signature_name": "serving_default", "signature_name": 5, "inputs": 1})",
                    OneInput(DataType::kInt32)),
            "columnar serving_default; x = int32 []: 1");
}

TEST(JsonBodies, MayStartWithAByteOrderMark) {
  EXPECT_EQ(DecodedTensor("\xef\xbb\xbf{\"instances\": [1]}", DataType::kInt32), "int32 [1]: 1");
}

TEST(JsonBodies, MayNestHalfAMillionLevelsInAnIgnoredKey) {
  const std::string nested = std::string(500000, '[') + std::string(500000, ']');
  EXPECT_EQ(DecodedTensor("{\"z\": " + nested + ", \"instances\": [1]}", DataType::kInt32),
            "int32 [1]: 1");
  const std::string open = std::string(500000, '[');
  EXPECT_EQ(
      DecodedTensor("{\"z\": " + open + ", \"instances\": [1]}", DataType::kInt32).substr(0, 35),
      "INVALID_ARGUMENT: JSON Parse error:");
}

TEST(JsonTypes, FloatsAndDoublesTakeEveryNumber) {
  for (const DataType dtype : {DataType::kFloat, DataType::kDouble}) {
    EXPECT_EQ(DecodedTensor("{\"inputs\": [1, 1.5, -2e2, 0.25]}", dtype),
              DataTypeName(dtype) + " [4]: 1 1.5 -200 0.25");
    EXPECT_EQ(DecodedTensor("{\"inputs\": [NaN, Infinity, -Infinity, Inf, -Inf]}", dtype),
              DataTypeName(dtype) + " [5]: nan inf -inf inf -inf");
  }
}

TEST(JsonTypes, FloatsLosePrecisionSilently) {
  EXPECT_EQ(DecodedTensor("{\"inputs\": [1435774380, 1435774380.0]}", DataType::kFloat),
            "float [2]: 1435774336 1435774336");
  EXPECT_EQ(DecodedTensor("{\"inputs\": [1.7976931348623157e308, -1.7976931348623157e308]}",
                          DataType::kFloat),
            "float [2]: inf -inf");
  EXPECT_EQ(DecodedTensor("{\"inputs\": [2.2250738585072014e-308, -2.2250738585072014e-308]}",
                          DataType::kFloat),
            "float [2]: 0 -0");
  EXPECT_EQ(
      DecodedTensor("{\"inputs\": [18446744073709551615, -9223372036854775808]}", DataType::kFloat),
      "float [2]: 1.8446744073709552e+19 -9.2233720368547758e+18");
}

TEST(JsonTypes, NarrowIntegersKeepTheLowBitsOfAnInt32) {
  EXPECT_EQ(DecodedTensor("{\"inputs\": [2147483647, -2147483648, -0]}", DataType::kInt32),
            "int32 [3]: 2147483647 -2147483648 0");
  EXPECT_EQ(DecodedTensor("{\"inputs\": [32767, 32768, -32769]}", DataType::kInt16),
            "int16 [3]: 32767 -32768 32767");
  EXPECT_EQ(DecodedTensor("{\"inputs\": [127, 128, -129, 1000]}", DataType::kInt8),
            "int8 [4]: 127 -128 127 -24");
  EXPECT_EQ(DecodedTensor("{\"inputs\": [255, 256, -1]}", DataType::kUint8),
            "uint8 [3]: 255 0 255");
}

TEST(JsonTypes, WideIntegersTakeTheirWholeRange) {
  EXPECT_EQ(
      DecodedTensor("{\"inputs\": [9223372036854775807, -9223372036854775808]}", DataType::kInt64),
      "int64 [2]: 9223372036854775807 -9223372036854775808");
  EXPECT_EQ(DecodedTensor("{\"inputs\": [4294967295, 0, -0]}", DataType::kUint32),
            "uint32 [3]: 4294967295 0 0");
  EXPECT_EQ(DecodedTensor("{\"inputs\": [18446744073709551615]}", DataType::kUint64),
            "uint64 [1]: 18446744073709551615");
}

TEST(JsonTypes, BoolsTakeTrueAndFalse) {
  EXPECT_EQ(DecodedTensor("{\"inputs\": [true, false]}", DataType::kBool), "bool [2]: 1 0");
}

TEST(JsonTypes, StringsTakeTextAndBase64) {
  EXPECT_EQ(DecodedTensor(R"({"instances": ["a", "", "\u00e9\n", {"b64": ""}, {"b64": "aGl="}]})",
                          DataType::kString),
            "string [5]: |a||\xc3\xa9\n||hi|");
  EXPECT_EQ(
      DecodedTensor(R"({"instances": [{"b64": "aGk="}, {"b64": "aGk"}, "x"]})", DataType::kString),
      "string [3]: |hi|hi|x|");
  EXPECT_EQ(
      DecodedTensor(R"({"instances": [[{"b64": "aGk="}], [{"b64" : "eW8="}]]})", DataType::kString),
      "string [2,1]: |hi|yo|");
  EXPECT_EQ(DecodedTensor(R"({"inputs": {"b64": "\/\/79\/A=="}})", DataType::kString),
            "string []: |\xff\xfe\xfd\xfc|");
  EXPECT_EQ(DecodedTensor("{\"inputs\": \"\xff not UTF-8\"}", DataType::kString),
            "string []: |\xff not UTF-8|");
}

TEST(JsonTypes, StringsWithoutEscapesStayInTheBody) {
  const std::string body = R"({"instances": ["abc"]})";
  JsonPredictRequest request;
  ASSERT_TRUE(DecodePredictJson(body, OneInput(DataType::kString), {}, &request).ok());
  const std::string_view element = request.inputs[0].tensor.strings[0];
  EXPECT_GE(element.data(), body.data());
  EXPECT_LT(element.data(), body.data() + body.size());
}

TEST(JsonTypes, TensorsLieAtTheAlignmentThatTensorFlowAdopts) {
  JsonPredictRequest request;
  ASSERT_TRUE(
      DecodePredictJson("{\"inputs\": [1]}", OneInput(DataType::kFloat), {}, &request).ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(request.inputs[0].tensor.data.data()) % 64, 0u);
}

TEST(JsonTypes, TensorsMayHaveTheHighestRank) {
  const std::string value = std::string(kMaxRank, '[') + "1" + std::string(kMaxRank, ']');
  JsonPredictRequest request;
  ASSERT_TRUE(
      DecodePredictJson("{\"inputs\": " + value + "}", OneInput(DataType::kFloat), {}, &request)
          .ok());
  EXPECT_EQ(request.inputs[0].tensor.dims, std::vector<int64_t>(kMaxRank, 1));
}

}  // namespace
}  // namespace tensorgate
