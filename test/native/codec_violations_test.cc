// What the decoders say beside upstream's texts: where it was wrong, what was expected, what given.
#include <gtest/gtest.h>

#include <string>

#include "codec/json/json_predict.h"
#include "codec/proto/example_request.h"
#include "codec/proto/predict_proto.h"
#include "json_request.h"
#include "proto_builder.h"
#include "violation_text.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using proto::Content;
using proto::Dtype;
using proto::PackedFixed;
using proto::PackedVarints;
using proto::Shape;

std::string OfJson(const std::string& body, const SignatureLookup& signatures) {
  JsonPredictRequest request;
  return ViolationText(DecodePredictJson(body, signatures, {}, &request));
}

std::string OfFloats(const std::string& body) { return OfJson(body, OneInput(DataType::kFloat)); }

std::string OfExamples(const std::string& body) {
  ExampleRequest request;
  return ViolationText(DecodeExamplesJson(body, {}, &request));
}

std::string OfTensor(const std::string& proto, const DecodeLimits& limits = {}) {
  DecodeBudget budget(limits);
  Tensor tensor;
  return ViolationText(DecodeTensorProto(proto, &budget, &tensor));
}

const SignatureLookup kTwo =
    Lookup({{"serving_default", {{"a", DataType::kFloat}, {"b b", DataType::kInt32}}}});

TEST(JsonViolations, PlaceSyntaxErrorsInTheBody) {
  EXPECT_EQ(OfFloats("{\"instances\": [1"),
            "body: Missing a comma or ']' after an array element. at byte 16 of 16, line 1, "
            "column 17");
  EXPECT_EQ(OfFloats("{\n  \"instances\":\n [1, x]}"),
            "body: Invalid value. at byte 22 of 25, line 3, column 6");
  EXPECT_EQ(OfFloats(""), "body: expected JSON, got no bytes");
}

TEST(JsonViolations, NameTheElementOfAnInstance) {
  EXPECT_EQ(
      OfFloats("{\"instances\": [[1, 2], [3, true]]}"),
      "instances[1][1]: expected DT_FLOAT, got JSON True at byte 27 of 34, line 1, column 28");
  EXPECT_EQ(OfFloats("{\"instances\": [[1, 2], [3]]}"),
            "instances[1]: expected shape [2], as the first instance, got [1]");
  EXPECT_EQ(OfFloats("{\"instances\": [[[1], 2]]}"),
            "instances[0][1]: expected a list of 1 (DT_FLOAT within), as the first one, got JSON "
            "Number at byte 21 of 25, line 1, column 22");
  EXPECT_EQ(OfFloats("{\"instances\": [[[1], [2, 3]]]}"),
            "instances[0][1]: expected a list of 1 (DT_FLOAT within), as the first one, got JSON "
            "Array at byte 21 of 30, line 1, column 22, of size 2");
  EXPECT_EQ(OfFloats("{\"instances\": [1, {\"x\": 1}]}"),
            "instances[1]: expected a value or list, as the first instance, got JSON Object at "
            "byte 18 of 28, line 1, column 19");
}

TEST(JsonViolations, NameTheInputOfARow) {
  EXPECT_EQ(OfJson(R"({"instances": [{"a": 1, "b b": 1}, {"a": 1, "b b": 1.5}]})", kTwo),
            "instances[1][\"b b\"]: expected DT_INT32, got JSON Number at byte 51 of 57, line 1, "
            "column 52");
  EXPECT_EQ(OfJson(R"({"instances": [{"a": 1}]})", kTwo),
            "instances[0]: expected the members \"a\", \"b b\", missing \"b b\" at byte 15 of 25, "
            "line 1, column 16");
  EXPECT_EQ(OfJson(R"({"instances": [{"c": 1}]})", kTwo),
            "instances[0].c: not an input of the signature, whose inputs are \"a\", \"b b\"");
  EXPECT_EQ(OfJson(R"({"instances": [1]})", kTwo),
            "instances[0]: expected an object with the members \"a\", \"b b\", got JSON Number at "
            "byte 15 of 18, line 1, column 16");
}

TEST(JsonViolations, NameTheInputOfAColumn) {
  EXPECT_EQ(
      OfJson(R"({"inputs": {"a": [[1], ["2\u0041"]], "b b": 1}})", kTwo),
      "inputs.a[1][0]: expected DT_FLOAT, got JSON String at byte 24 of 47, line 1, column 25");
  EXPECT_EQ(OfJson(R"({"inputs": {"a": 1}})", kTwo),
            "inputs[\"b b\"]: expected DT_INT32, got nothing");
}

TEST(JsonViolations, NameTheMembersOfTheRequest) {
  EXPECT_EQ(OfFloats("{\"instance\": [1]}"),
            "body: expected a member \"instances\" or \"inputs\", got \"instance\"");
  EXPECT_EQ(OfFloats("[]"),
            "body: expected an object, got JSON Array at byte 0 of 2, line 1, column 1");
  EXPECT_EQ(
      OfFloats("{\"signature_name\": 7}"),
      "signature_name: expected a string, got JSON Number at byte 19 of 21, line 1, column 20");
  EXPECT_EQ(OfFloats("{\"instances\": {}}"),
            "instances: expected a list, got JSON Object at byte 14 of 17, line 1, column 15");
  EXPECT_EQ(OfFloats("{\"instances\": []}"),
            "instances: expected at least one instance, got an empty list");
}

TEST(JsonViolations, FindTheirPlaceBehindEveryKindOfValue) {
  const std::string before =
      R"({"n": null, "t": [true, false], "s": "\"]}:,\\", "o": {"k": {}}, "d": -1.5e3, )";
  EXPECT_EQ(OfFloats(before + "\"instances\": [true]}"),
            "instances[0]: expected DT_FLOAT, got JSON True at byte " +
                std::to_string(before.size() + 14) + " of " + std::to_string(before.size() + 20) +
                ", line 1, column " + std::to_string(before.size() + 15));
}

TEST(ExampleViolations, NameTheFeature) {
  EXPECT_EQ(
      OfExamples("{\"examples\": [{}, 1]}"),
      "examples[1]: expected an object of features, got JSON Number at byte 18 of 21, line 1, "
      "column 19");
  EXPECT_EQ(OfExamples("{\"context\": 1}"),
            "context: expected an object of features, got JSON Number at byte 12 of 14, line 1, "
            "column 13");
  EXPECT_EQ(
      OfExamples(R"({"examples": [{}, {}, {"age": [1, null]}]})"),
      "examples[2].age[1]: expected a number, a boolean, a string or {\"b64\": ...}, got JSON "
      "Null at byte 34 of 42, line 1, column 35");
  EXPECT_EQ(OfExamples(R"({"examples": [{"age": [1, 2.5]}]})"),
            "examples[0].age[1]: expected int64, as the first element, got float");
  EXPECT_EQ(OfExamples(R"({"examples": [{"age": 9223372036854775808}]})"),
            "examples[0].age: expected at most 9223372036854775807, got 9223372036854775808");
  EXPECT_EQ(
      OfExamples(R"({"examples": [{"img": {"b64": "a=b"}}]})"),
      "examples[0].img.b64: expected base64, got \"a=b\" at byte 30 of 39, line 1, column 31");
  EXPECT_EQ(OfExamples("{}"), "examples: expected a list of objects, got nothing");
}

TEST(TensorViolations, NameTheFieldAndWhatWasSent) {
  const std::string two_floats = Dtype(DataType::kFloat) + Shape({2});
  EXPECT_EQ(OfTensor(two_floats + Content("1234567")),
            "tensor_content: 7 bytes given, expected 2 elements of 4 bytes\n"
            ": given DT_FLOAT [2], 7 bytes of tensor_content; a TensorProto of 17 bytes");
  EXPECT_EQ(OfTensor(two_floats + BytesField(5, "123456")),
            "float_val: malformed protobuf, 6 bytes are no multiple of 4\n"
            ": given DT_FLOAT [2]; a TensorProto of 16 bytes");
  EXPECT_EQ(OfTensor(Dtype(DataType::kInt32) + Shape({2, -1}) + PackedVarints(7, {1, 2, 3})),
            "tensor_shape: dim 1 is -1, expected at least 0\n"
            ": given DT_INT32 [2,-1], 3 values in int_val; a TensorProto of 26 bytes");
  EXPECT_EQ(OfTensor(Dtype(DataType::kResource)),
            "dtype: a tensor of type resource is not supported as an input\n"
            ": given DT_RESOURCE []; a TensorProto of 2 bytes");
  EXPECT_EQ(OfTensor(two_floats + "\x2a"),
            ": malformed protobuf, a length is truncated or longer than 32 bits at byte 9 of 9\n"
            ": given DT_FLOAT [2]; a TensorProto of 9 bytes");
  DecodeLimits limits;
  limits.max_filled_bytes = 4;
  EXPECT_EQ(OfTensor(Dtype(DataType::kFloat) + Shape({9}) + PackedFixed<float>(5, {1}), limits),
            "tensor_shape: values repeated up to tensor_shape: 8 elements of 4 bytes exceed the "
            "limit, of which 4 bytes are left\n"
            ": given DT_FLOAT [9], 1 values in float_val; a TensorProto of 14 bytes");
}

TEST(RequestViolations, NameTheFieldOfTheRequest) {
  PredictRequestView request;
  EXPECT_EQ(ViolationText(ParsePredictRequest("\x0a\x05", &request)).substr(0, 25),
            "body: malformed protobuf,");
  EXPECT_EQ(ViolationText(ParsePredictRequest(BytesField(1, BytesField(3, "\xff")), &request)),
            "model_spec.signature_name: not valid UTF-8");
  EXPECT_EQ(ViolationText(ParsePredictRequest(BytesField(2, BytesField(1, "x\xff")), &request)),
            "inputs: the key \"x?\" is not valid UTF-8");
  DecodeBudget budget{DecodeLimits()};
  ExampleRequest examples;
  const std::string task = BytesField(1, BytesField(2, "m"));
  EXPECT_EQ(ViolationText(ParseMultiInferenceRequest(task + BytesField(1, BytesField(2, "\xff")),
                                                     &budget, &examples)),
            "tasks[1].method_name: not valid UTF-8");
}

}  // namespace
}  // namespace tensorgate
