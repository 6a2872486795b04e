// Predict bodies that do not decode: upstream's texts, letter by letter, and our limits.
#include <gtest/gtest.h>

#include "json_request.h"

namespace tensorgate {
namespace {

using namespace std::string_literals;

// The message, of an error that is expected to be INVALID_ARGUMENT.
std::string Error(std::string_view body, const SignatureLookup& signatures) {
  JsonPredictRequest request;
  const Status status = DecodePredictJson(body, signatures, {}, &request);
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << body;
  return status.message();
}

std::string Error(std::string_view body, DataType dtype = DataType::kFloat) {
  return Error(body, OneInput(dtype));
}

TEST(JsonDecodeErrors, ReportSyntax) {
  EXPECT_EQ(Error(""), "JSON Parse error: The document is empty");
  EXPECT_EQ(Error("   "), "JSON Parse error: The document is empty. at offset: 3");
  EXPECT_EQ(Error("instances = [1, 2]"), "JSON Parse error: Invalid value. at offset: 0");
  EXPECT_EQ(Error("{\"instances\": [1, 2}"),
            "JSON Parse error: Missing a comma or ']' after an array element. at offset: 19");
  EXPECT_EQ(Error("{\"instances\": [1], \"z\": tru}"),
            "JSON Parse error: Invalid value. at offset: 27");
  EXPECT_EQ(Error("{\"instances\": [1e400]}"),
            "JSON Parse error: Number too big to be stored in double. at offset: 15");
}

TEST(JsonDecodeErrors, WantAnObjectAsRoot) {
  EXPECT_EQ(Error("[1]"), "JSON Value: [1] Is not object");
  EXPECT_EQ(Error("\"x\""), "JSON Value: \"x\" Is not object");
  EXPECT_EQ(Error("null"), "JSON Value: null Is not object");
  EXPECT_EQ(Error("NaN"), "JSON Value:  Is not object");
}

TEST(JsonDecodeErrors, WantAStringAsSignatureName) {
  EXPECT_EQ(Error("{\"signature_name\": 100}"),
            "JSON Value: {\n    \"signature_name\": 100\n} not formatted correctly. "
            "'signature_name' key must be a string value.");
  EXPECT_EQ(Error("{\"instances\": [1.5], \"signature_name\": [\"x\"]}"),
            "JSON Value: {\n    \"instances\": [1.5],\n    \"signature_name\": [\"x\"]\n} not "
            "formatted correctly. 'signature_name' key must be a string value.");
  const std::string nested = std::string(500000, '[') + std::string(500000, ']');
  const std::string message = Error("{\"signature_name\": " + nested + "}");
  EXPECT_LT(message.size(), 400u);
  EXPECT_NE(message.find("key must be a string value"), std::string::npos);
}

TEST(JsonDecodeErrors, WantAKnownSignature) {
  EXPECT_EQ(Error("{\"signature_name\": \"nope\", \"instances\": [1]}"),
            "Serving signature name: \"nope\" not found in signature def");
  EXPECT_EQ(Error("{\"instances\": [1]}", Lookup({})),
            "Serving signature name: \"serving_default\" not found in signature def");
  // The signature comes before the values.
  EXPECT_EQ(Error("{\"signature_name\": \"nope\"}"),
            "Serving signature name: \"nope\" not found in signature def");
}

TEST(JsonDecodeErrors, WantASignatureWithInputs) {
  const SignatureLookup lookup = Lookup({{"serving_default", {}}, {"other", {}}});
  EXPECT_EQ(Error("{\"instances\": [1]}", lookup),
            "Failed to get input map for signature: DEFAULT");
  EXPECT_EQ(Error("{\"signature_name\": \"other\", \"instances\": [1]}", lookup),
            "Failed to get input map for signature: other");
}

TEST(JsonDecodeErrors, WantExactlyOneKeyOfTheTwo) {
  EXPECT_EQ(
      Error("{\"instances\": [1], \"inputs\": [2]}"),
      "JSON Value: {\n    \"instances\": [1],\n    \"inputs\": [2]\n} Not formatted correctly "
      "expecting only one of 'inputs' or 'instances' keys to exist ");
  EXPECT_EQ(Error("{}"), "Missing 'inputs' or 'instances' key");
  EXPECT_EQ(Error("{\"Instances\": [1]}"), "Missing 'inputs' or 'instances' key");
}

TEST(JsonDecodeErrors, WantAListOfInstances) {
  EXPECT_EQ(Error("{\"instances\": 1}"),
            "JSON Value: {\n    \"instances\": 1\n} Expecting 'instances' to be an list/array");
  EXPECT_EQ(
      Error("{\"instances\": {\"x\": 1}}"),
      "JSON Value: {\n    \"instances\": {\n        \"x\": 1\n    }\n} Expecting 'instances' to "
      "be an list/array");
  EXPECT_EQ(Error("{\"instances\": []}"),
            "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array");
}

TEST(JsonDecodeErrors, WantObjectsWhereThereAreSeveralInputs) {
  EXPECT_EQ(Error("{\"instances\": [1]}", TwoInputs()),
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map");
  for (const char* body : {"{\"inputs\": [1]}", "{\"inputs\": {\"b64\": \"aGk=\"}}"}) {
    EXPECT_EQ(Error(body, TwoInputs()),
              "inputs is a plain value/list, but expecting an object as multiple input tensors "
              "required as per tensorinfo_map");
  }
}

TEST(JsonDecodeErrors, DoNotMixRowsOfObjectsAndOfValues) {
  EXPECT_EQ(Error("{\"instances\": [{\"x\": 1}, [1]]}"),
            "Expecting object but got list at item 1 of input list");
  EXPECT_EQ(Error(R"({"instances": [{"x": "a"}, {"b64": "aGk="}]})", DataType::kString),
            "Expecting object but got list at item 1 of input list");
  EXPECT_EQ(Error("{\"instances\": [1, {\"x\": 1}]}"),
            "Expecting value/list but got object at item 1 of input list");
  EXPECT_EQ(Error(R"({"instances": [{"b64": "aGk="}, {"x": "a"}]})", DataType::kString),
            "Expecting value/list but got object at item 1 of input list");
}

TEST(JsonDecodeErrors, WantExactlyTheKeysOfTheSignature) {
  EXPECT_EQ(
      Error("{\"instances\": [{\"y\": 1}]}"),
      "Failed to process element: 0 key: y of 'instances' list. Error: INVALID_ARGUMENT: JSON "
      "object: does not have named input: y");
  EXPECT_EQ(
      Error("{\"instances\": [{\"a\": 1, \"b\": \"x\"}, {\"a\": 1}]}", TwoInputs()),
      "Failed to process element: 1 of 'instances' list. JSON object: {\n    \"a\": 1\n} keys "
      "must be equal to: a,b");
  EXPECT_EQ(Error("{\"instances\": [{}]}"),
            "Failed to process element: 0 of 'instances' list. JSON object: {} keys must be equal "
            "to: x");
  EXPECT_EQ(Error(R"({"instances": [{"b64": "aGk=", "z": 1}]})", DataType::kString),
            "Failed to process element: 0 key: b64 of 'instances' list. Error: INVALID_ARGUMENT: "
            "JSON object: does not have named input: b64");
  EXPECT_EQ(Error("{\"inputs\": {\"a\": 1}}", TwoInputs()),
            "Missing named input: b in 'inputs' object.");
}

TEST(JsonDecodeErrors, WantRowsOfOneSizeAndShape) {
  EXPECT_EQ(Error("{\"instances\": [[1, 2], [1, 2, 3]]}", DataType::kInt32),
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting "
            "tensor size: 2 but got: 3");
  EXPECT_EQ(Error("{\"instances\": [[[1, 2], [3, 4]], [1, 2, 3, 4]]}", DataType::kInt32),
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting "
            "shape [2,2] but got: [4]");
  EXPECT_EQ(Error("{\"instances\": [[1], 1]}", DataType::kInt32),
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting "
            "shape [1] but got: []");
  EXPECT_EQ(Error("{\"instances\": [{\"x\": [1]}, {\"x\": [1, 2]}]}", DataType::kInt32),
            "Failed to process element: 1 key: x of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting tensor size: 1 but got: 2");
  EXPECT_EQ(Error("{\"instances\": [{\"x\": [[1]]}, {\"x\": [1]}]}", DataType::kInt32),
            "Failed to process element: 1 key: x of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting shape [1,1] but got: [1]");
}

TEST(JsonDecodeErrors, WantListsWithoutRaggedEdges) {
  EXPECT_EQ(Error("{\"inputs\": [[1, 2], 3]}"),
            "JSON Value: 3 found at incorrect level: 2 in the JSON DOM. Expected at level: 2");
  EXPECT_EQ(Error("{\"inputs\": [[], 3]}"),
            "JSON Value: 3 found at incorrect level: 2 in the JSON DOM. Expected at level: 2");
  EXPECT_EQ(Error("{\"inputs\": [1, [2]]}"),
            "Encountered list at unexpected level: 1 expected < 1");
  EXPECT_EQ(Error("{\"inputs\": [[1, 2], [3]]}"),
            "Encountered list at unexpected size: 1 at level: 1 expected size: 2");
  EXPECT_EQ(Error("{\"inputs\": [[], [3]]}"),
            "Encountered list at unexpected size: 1 at level: 1 expected size: 0");
  EXPECT_EQ(
      Error("{\"instances\": [[1, [2]]]}"),
      "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: Encountered "
      "list at unexpected level: 1 expected < 1");
}

TEST(JsonDecodeErrors, WantValuesOfTheRightType) {
  EXPECT_EQ(
      Error("{\"instances\": [\"x\", \"y\"]}"),
      "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: "
      "\"x\" Type: String is not of expected type: float");
  const auto type_error = [](const std::string& value, const char* type, DataType dtype) {
    EXPECT_EQ(Error("{\"inputs\": [" + value + "]}", dtype),
              "JSON Value: " + value + " Type: " + type +
                  " is not of expected type: " + DataTypeName(dtype));
  };
  for (const DataType dtype :
       {DataType::kFloat, DataType::kDouble, DataType::kInt32, DataType::kInt16, DataType::kInt8,
        DataType::kUint8, DataType::kInt64, DataType::kUint32, DataType::kUint64}) {
    type_error("null", "Null", dtype);
    type_error("true", "True", dtype);
    type_error("false", "False", dtype);
    type_error("\"1\"", "String", dtype);
    type_error("{}", "Object", dtype);
  }
  for (const DataType dtype :
       {DataType::kInt32, DataType::kInt16, DataType::kInt8, DataType::kUint8}) {
    type_error("1.0", "Number", dtype);
    type_error("2147483648", "Number", dtype);
    type_error("-2147483649", "Number", dtype);
  }
  EXPECT_EQ(Error("{\"inputs\": 1e2}", DataType::kInt32),
            "JSON Value: 100.0 Type: Number is not of expected type: int32");
  EXPECT_EQ(Error("{\"inputs\": NaN}", DataType::kInt32),
            "JSON Value:  Type: Number is not of expected type: int32");
  type_error("9223372036854775808", "Number", DataType::kInt64);
  type_error("-1", "Number", DataType::kUint32);
  type_error("4294967296", "Number", DataType::kUint32);
  type_error("-1", "Number", DataType::kUint64);
  type_error("1", "Number", DataType::kBool);
  type_error("\"true\"", "String", DataType::kBool);
  type_error("1", "Number", DataType::kString);
  type_error("null", "Null", DataType::kString);
}

TEST(JsonDecodeErrors, WantBase64ObjectsThatAreRight) {
  EXPECT_EQ(Error("{\"inputs\": [{\"b64\": 1}]}", DataType::kString),
            "JSON Value: {\n    \"b64\": 1\n} not formatted correctly for base64 data");
  EXPECT_EQ(
      Error(R"({"inputs": [{"b64": "aGk=", "z": 1}]})", DataType::kString),
      "JSON Value: {\n    \"b64\": \"aGk=\",\n    \"z\": 1\n} not formatted correctly for base64 "
      "data");
  EXPECT_EQ(Error("{\"inputs\": [{}]}", DataType::kString),
            "JSON Value: {} not formatted correctly for base64 data");
  for (const char* text : {"a", "a Gk", "_-8=", "aGk==", "aG=k"}) {
    EXPECT_EQ(Error("{\"inputs\": {\"b64\": \"" + std::string(text) + "\"}}", DataType::kString),
              "Unable to base64 decode")
        << text;
    EXPECT_EQ(
        Error("{\"instances\": [{\"b64\": \"" + std::string(text) + "\"}]}", DataType::kString),
        "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: Unable to "
        "base64 decode")
        << text;
  }
  EXPECT_EQ(
      Error("{\"instances\": [{\"b64\": \"aGk=\"}]}", DataType::kFloat),
      "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: "
      "{\n    \"b64\": \"aGk=\"\n} Type: Object is not of expected type: float");
}

TEST(JsonDecodeErrors, NameTheTypesThatJsonCannotCarry) {
  for (const DataType dtype :
       {DataType::kHalf, DataType::kBfloat16, DataType::kUint16, DataType::kComplex64,
        DataType::kQint8, DataType::kInvalid, static_cast<DataType>(101)}) {
    const std::string text = "Conversion of JSON Value: 1 to type: " + DataTypeName(dtype);
    EXPECT_EQ(Decoded("{\"inputs\": 1}", OneInput(dtype)), "UNIMPLEMENTED: " + text);
    EXPECT_EQ(Error("{\"instances\": [1]}", dtype),
              "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: " + text);
  }
  EXPECT_EQ(Error("{\"inputs\": {\"x\": {}}}", DataType::kHalf),
            "JSON Value: {} Type: Object is not of expected type: half");
}

TEST(JsonDecodeErrors, RefuseMoreDimensionsThanATensorCanHave) {
  for (const int depth : {kMaxRank + 1, 1000, 200000}) {
    const std::string value = std::string(static_cast<size_t>(depth), '[') + "1" +
                              std::string(static_cast<size_t>(depth), ']');
    for (const char* key : {"inputs", "instances"}) {
      JsonPredictRequest request;
      const Status status = DecodePredictJson("{\""s + key + "\": " + value + "}",
                                              OneInput(DataType::kFloat), {}, &request);
      EXPECT_EQ(status.code(), Code::kInvalidArgument);
      EXPECT_EQ(status.message(), "tensor parsing error: x");
    }
  }
}

TEST(JsonDecodeErrors, KeepWithinTheLimitOfTensorBytes) {
  DecodeLimits limits;
  limits.max_tensor_bytes = 4000;
  std::string values = "1";
  for (int i = 1; i < 1000; ++i) values += ",1";
  const SignatureLookup floats = OneInput(DataType::kFloat);
  JsonPredictRequest request;
  EXPECT_TRUE(DecodePredictJson("{\"inputs\": [" + values + "]}", floats, limits, &request).ok());
  for (const DataType dtype : {DataType::kFloat, DataType::kInt32}) {
    for (const char* key : {"inputs", "instances"}) {
      EXPECT_EQ(DecodePredictJson("{\""s + key + "\": [" + values + ",1]}", OneInput(dtype), limits,
                                  &request)
                    .code(),
                Code::kResourceExhausted);
    }
  }
  EXPECT_EQ(DecodePredictJson("{\"inputs\": [" + values + "]}", OneInput(DataType::kDouble), limits,
                              &request)
                .code(),
            Code::kResourceExhausted);
}

TEST(JsonDecodeErrors, CountAllTensorsOfARequestTowardsTheLimit) {
  DecodeLimits limits;
  limits.max_tensor_bytes = 12;
  const SignatureLookup lookup =
      Lookup({{"serving_default", {{"a", DataType::kInt32}, {"b", DataType::kInt32}}}});
  JsonPredictRequest request;
  EXPECT_TRUE(
      DecodePredictJson("{\"inputs\": {\"a\": [1], \"b\": [1, 2]}}", lookup, limits, &request)
          .ok());
  EXPECT_EQ(
      DecodePredictJson("{\"inputs\": {\"a\": [1, 2], \"b\": [1, 2]}}", lookup, limits, &request)
          .code(),
      Code::kResourceExhausted);
}

TEST(JsonDecodeErrors, CutTheClientsTextInMessages) {
  const std::string key(1000000, 'k');
  EXPECT_LT(Error("{\"instances\": [{\"" + key + "\": 1}]}").size(), 20000u);
  EXPECT_LT(Error("{\"inputs\": \"" + key + "\"}").size(), 20000u);
  EXPECT_LT(Error("{\"signature_name\": \"" + key + "\"}").size(), 20000u);
}

TEST(JsonCheck, LooksAtSyntaxRootAndSignatureNameOnly) {
  EXPECT_TRUE(CheckPredictJson("{}").ok());
  EXPECT_TRUE(CheckPredictJson("{\"signature_name\": \"anything\", \"instances\": 5}").ok());
  EXPECT_EQ(CheckPredictJson("").message(), "JSON Parse error: The document is empty");
  EXPECT_EQ(CheckPredictJson("[").message(), "JSON Parse error: Invalid value. at offset: 1");
  EXPECT_EQ(CheckPredictJson("7").message(), "JSON Value: 7 Is not object");
  EXPECT_EQ(CheckPredictJson("{\"signature_name\": null}").message(),
            "JSON Value: {\n    \"signature_name\": null\n} not formatted correctly. "
            "'signature_name' key must be a string value.");
}

}  // namespace
}  // namespace tensorgate
