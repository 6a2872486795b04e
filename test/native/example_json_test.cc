// Classify and Regress bodies as JSON: to serialized examples, upstream's error texts letter by
// letter, and the layout of replies.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "example_builder.h"

namespace tensorgate {
namespace {

using namespace std::string_literals;
using proto::BytesFeature;
using proto::Example;
using proto::Feature;
using proto::FloatFeature;
using proto::Int64Feature;
using Strings = std::vector<std::string>;

Strings DecodedExamples(std::string_view body, const DecodeLimits& limits = {}) {
  ExampleRequest request;
  const Status status = DecodeExamplesJson(body, limits, &request);
  if (!status.ok()) return {std::string(CodeName(status.code())) + ": " + status.message()};
  return Strings(request.examples.begin(), request.examples.end());
}

// One example of one feature "f".
Strings DecodedFeature(const std::string& value) {
  return DecodedExamples("{\"examples\": [{\"f\": " + value + "}]}");
}

Strings One(const std::string& feature) { return {Example(Feature("f", feature))}; }

std::string ErrorOfJson(std::string_view body) {
  ExampleRequest request;
  const Status status = DecodeExamplesJson(body, {}, &request);
  EXPECT_EQ(status.code(), Code::kInvalidArgument) << body;
  EXPECT_EQ(CheckExamplesJson(body).message(), status.message());
  return status.message();
}

std::string FeatureError(const std::string& value) {
  return ErrorOfJson("{\"examples\": [{\"f\": " + value + "}]}");
}

TEST(ExampleJson, DecodesAListOfExamples) {
  EXPECT_EQ(DecodedExamples("{\"examples\": [{\"names\": [\"foo\", \"bar\"], \"ages\": [1.5, 2.0],"
                            " \"id\": 7}, {\"id\": [-1, 0]}, {}]}"),
            (Strings{Example(Feature("names", BytesFeature({"foo", "bar"})) +
                             Feature("ages", FloatFeature({1.5f, 2.0f})) +
                             Feature("id", Int64Feature({7}))),
                     Example(Feature("id", Int64Feature({-1, 0}))), ""}));
}

TEST(ExampleJson, PutsTheContextInFrontOfEveryExample) {
  const std::string context = Example(Feature("c", Int64Feature({1})));
  EXPECT_EQ(DecodedExamples("{\"examples\": [{\"x\": 2}, {}], \"context\": {\"c\": 1}}"),
            (Strings{context + Example(Feature("x", Int64Feature({2}))), context}));
  EXPECT_EQ(DecodedExamples("{\"context\": {}, \"examples\": [{\"x\": 2}]}"),
            Strings{Example(Feature("x", Int64Feature({2})))});
}

TEST(ExampleJson, TakesBooleansAndIntegersAsInt64) {
  EXPECT_EQ(DecodedFeature("true"), One(Int64Feature({1})));
  EXPECT_EQ(DecodedFeature("[1, true, false]"), One(Int64Feature({1, 1, 0})));
  EXPECT_EQ(DecodedFeature("[9223372036854775807, -9223372036854775808, -0]"),
            One(Int64Feature({INT64_MAX, INT64_MIN, 0})));
}

TEST(ExampleJson, TakesOtherNumbersAsFloat) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(DecodedFeature("2.0"), One(FloatFeature({2.0f})));
  EXPECT_EQ(DecodedFeature("[1e2, 0.1, -Infinity, Inf]"),
            One(FloatFeature({100.0f, 0.1f, -infinity, infinity})));
  EXPECT_EQ(DecodedFeature("[18446744073709551616, -9223372036854775809]"),
            One(FloatFeature({18446744073709551616.0f, -9223372036854775808.0f})));
  EXPECT_EQ(DecodedFeature("[1e300, 1e-300]"), One(FloatFeature({infinity, 0.0f})));
  EXPECT_EQ(DecodedFeature("NaN").at(0).size(), One(FloatFeature({0.0f})).at(0).size());
}

TEST(ExampleJson, TakesStringsAndBase64AsBytes) {
  EXPECT_EQ(DecodedFeature("\"foo\""), One(BytesFeature({"foo"})));
  EXPECT_EQ(DecodedFeature("[\"\\u00e9\\u0000\", {\"b64\": \"aGk=\"}, \"\", {\"b64\": \"\"}]"),
            One(BytesFeature({"\xc3\xa9\0"s, "hi", "", ""})));
  EXPECT_EQ(DecodedFeature("{\"b64\": \"aGk\"}"), One(BytesFeature({"hi"})));
}

TEST(ExampleJson, GivesAnEmptyListNoKind) { EXPECT_EQ(DecodedFeature("[]"), One("")); }

TEST(ExampleJson, KeepsTheLastOfFeaturesWithOneName) {
  EXPECT_EQ(
      DecodedExamples("{\"examples\": [{\"f\": 1, \"g\": 2, \"f\": \"x\", \"\\u0066\": []}]}"),
      Strings{Example(Feature("g", Int64Feature({2})) + Feature("f", ""))});
  EXPECT_EQ(DecodedExamples("{\"examples\": [{\"f\": null, \"f\": 1}]}"),
            Strings{"INVALID_ARGUMENT: Feature: f has element with unexpected JSON type: Null"});
}

TEST(ExampleJson, CutsNamesAtNul) {
  EXPECT_EQ(DecodedExamples("{\"examples\": [{\"f\\u0000a\": 1, \"f\\u0000b\": 2}]}"),
            One(Int64Feature({2})));
  EXPECT_EQ(DecodedExamples("{\"examples\": [{\"\": 1}]}"),
            Strings{Example(Feature("", Int64Feature({1})))});
}

TEST(ExampleJson, TakesTheFirstOfTopLevelKeys) {
  EXPECT_EQ(DecodedExamples("{\"z\": [[]], \"examples\": [{\"f\": 1}], \"examples\": 5} trailing"),
            One(Int64Feature({1})));
}

TEST(ExampleJson, NamesTheEffectiveSignature) {
  ExampleRequest request;
  ASSERT_TRUE(
      DecodeExamplesJson("{\"signature_name\": \"s\\u00e9\", \"examples\": [{}]}", {}, &request)
          .ok());
  EXPECT_EQ(request.signature_name, "s\xc3\xa9");
  ASSERT_TRUE(DecodeExamplesJson("{\"examples\": [{}]}", {}, &request).ok());
  EXPECT_EQ(request.signature_name, "serving_default");
  EXPECT_TRUE(CheckExamplesJson("{\"examples\": [{}]}").ok());
}

TEST(ExampleJson, ReportsSyntaxRootAndSignature) {
  EXPECT_EQ(ErrorOfJson(""), "JSON Parse error: The document is empty");
  EXPECT_EQ(ErrorOfJson("{\"examples\": [}"), "JSON Parse error: Invalid value. at offset: 14");
  EXPECT_EQ(ErrorOfJson("[1]"), "JSON Value: [1] Is not object");
  EXPECT_EQ(ErrorOfJson("{\"signature_name\": 5}"),
            "JSON Value: {\n    \"signature_name\": 5\n} not formatted correctly. "
            "'signature_name' key must be a string value.");
}

TEST(ExampleJson, WantsAListOfExamples) {
  const std::string missing =
      "JSON Value: {} When method is classify, key 'examples' is expected and was not found";
  EXPECT_EQ(ErrorOfJson("{}"), missing);
  EXPECT_EQ(ErrorOfJson("{\"examples\": {}}"),
            "JSON Value: {\n    \"examples\": {}\n} Expecting 'examples' value to be an "
            "list/array");
  EXPECT_EQ(ErrorOfJson("{\"examples\": []}"),
            "JSON Value: {\n    \"examples\": []\n} 'examples' value is an empty array");
}

TEST(ExampleJson, WantsObjects) {
  EXPECT_EQ(ErrorOfJson("{\"examples\": [{}, 1]}"),
            "Example must be JSON object but got JSON Number");
  EXPECT_EQ(ErrorOfJson("{\"examples\": [\"x\"]}"),
            "Example must be JSON object but got JSON String");
  EXPECT_EQ(ErrorOfJson("{\"examples\": [null]}"), "Example must be JSON object but got JSON Null");
  EXPECT_EQ(ErrorOfJson("{\"examples\": [[{}]]}"),
            "Example must be JSON object but got JSON Array");
  EXPECT_EQ(ErrorOfJson("{\"examples\": [true]}"), "Example must be JSON object but got JSON True");
  EXPECT_EQ(ErrorOfJson("{\"context\": false, \"examples\": [{}]}"),
            "Example must be JSON object but got JSON False");
}

TEST(ExampleJson, LooksAtTheContextBeforeTheExamples) {
  EXPECT_EQ(ErrorOfJson("{\"examples\": 5, \"context\": []}"),
            "Example must be JSON object but got JSON Array");
  EXPECT_EQ(ErrorOfJson("{\"examples\": [1], \"context\": {\"f\": null}}"),
            "Feature: f has element with unexpected JSON type: Null");
}

TEST(ExampleJson, RefusesElementsThatAreNoValues) {
  EXPECT_EQ(FeatureError("null"), "Feature: f has element with unexpected JSON type: Null");
  EXPECT_EQ(FeatureError("[1, [2]]"), "Feature: f has element with unexpected JSON type: Array");
  EXPECT_EQ(FeatureError("{}"), "Feature: f has element with unexpected JSON type: Object");
  EXPECT_EQ(FeatureError("[{\"b64\": 1}]"),
            "Feature: f has element with unexpected JSON type: Object");
  EXPECT_EQ(FeatureError("{\"b64\": \"aGk=\", \"x\": 1}"),
            "Feature: f has element with unexpected JSON type: Object");
}

TEST(ExampleJson, RefusesElementsOfAnotherKindThanTheFirst) {
  const std::string text = "Unexpected element type in feature: f expecting type: ";
  EXPECT_EQ(FeatureError("[1, 2.0]"), text + "int64");
  EXPECT_EQ(FeatureError("[true, \"x\"]"), text + "int64");
  EXPECT_EQ(FeatureError("[1.5, 2]"), text + "float");
  EXPECT_EQ(FeatureError("[1.5, false]"), text + "float");
  EXPECT_EQ(FeatureError("[\"x\", 2]"), text + "bytes");
  EXPECT_EQ(FeatureError("[1, {\"b64\": \"!\"}]"), text + "int64");
  EXPECT_EQ(FeatureError("[\"x\", 18446744073709551615]"), text + "bytes");
}

TEST(ExampleJson, RefusesIntegersBeyondInt64) {
  EXPECT_EQ(FeatureError("[1, 9223372036854775808]"),
            "Feature: f has uint64_t element. Only int64_t is supported.");
  EXPECT_EQ(FeatureError("18446744073709551615"),
            "Feature: f has uint64_t element. Only int64_t is supported.");
}

TEST(ExampleJson, RefusesBadBase64) {
  EXPECT_EQ(FeatureError("{\"b64\": \"a=b\"}"), "Unable to base64 decode");
}

TEST(ExampleJson, CutsNamesInMessages) {
  const std::string name(10000, 'n');
  EXPECT_EQ(ErrorOfJson("{\"examples\": [{\"" + name + "\": null}]}"),
            "Feature: " + name.substr(0, 4096) + " has element with unexpected JSON type: Null");
}

TEST(ExampleJson, IsNotImpressedByNesting) {
  const std::string nested = std::string(500000, '[') + std::string(500000, ']');
  EXPECT_EQ(DecodedExamples("{\"z\": " + nested + ", \"examples\": [{\"f\": 1}]}"),
            One(Int64Feature({1})));
  EXPECT_EQ(FeatureError(nested), "Feature: f has element with unexpected JSON type: Array");
}

TEST(ExampleJson, KeepsTheLastAmongManyNames) {
  std::string members;
  for (int i = 0; i < 50000; ++i) members += "\"same\": " + std::to_string(i) + ", ";
  EXPECT_EQ(DecodedExamples("{\"examples\": [{" + members + "\"f\": 1, \"same\": 2}]}"),
            Strings{Example(Feature("f", Int64Feature({1})) + Feature("same", Int64Feature({2})))});
}

TEST(ExampleJson, ChargesTheContextAndTheExamplesToTheLimits) {
  const std::string error =
      "RESOURCE_EXHAUSTED: The examples of the JSON request are larger than the server's limit";
  const std::string body = "{\"context\": {\"c\": \"0123456789\"}, \"examples\": [{}, {}]}";
  const size_t context = Example(Feature("c", BytesFeature({"0123456789"}))).size();
  DecodeLimits limits;
  limits.max_filled_bytes = 2 * context;
  EXPECT_EQ(DecodedExamples(body, limits).size(), 2u);
  limits.max_filled_bytes = 2 * context - 1;
  EXPECT_EQ(DecodedExamples(body, limits), Strings{error});
  limits = DecodeLimits();
  limits.max_tensor_bytes = 2 * (context + sizeof(std::string_view));
  EXPECT_EQ(DecodedExamples(body, limits).size(), 2u);
  --limits.max_tensor_bytes;
  EXPECT_EQ(DecodedExamples(body, limits), Strings{error});
}

// --- replies ---

std::string ClassificationJson(int64_t examples, int64_t classes,
                               const std::vector<std::string_view>& labels,
                               const std::vector<float>& scores) {
  const TensorView labels_view = proto::StringsView(labels);
  const TensorView scores_view = proto::FloatsView(scores);
  OutputBuffer out;
  const Status status =
      EncodeClassificationJson({examples, classes, labels.empty() ? nullptr : &labels_view,
                                scores.empty() ? nullptr : &scores_view},
                               &out);
  return status.ok() ? std::string(out.view()) : status.message();
}

std::string RegressionJson(const std::vector<float>& values) {
  const TensorView view = proto::FloatsView(values);
  OutputBuffer out;
  const Status status = EncodeRegressionJson({view.elements, &view}, &out);
  return status.ok() ? std::string(out.view()) : status.message();
}

TEST(ExampleJson, PrintsClassesAsPairs) {
  EXPECT_EQ(ClassificationJson(1, 2, {"c", "d"}, {0.5f, 0.5f}),
            "{\n    \"results\": [[[\"c\", 0.5], [\"d\", 0.5]]\n    ]\n}");
  EXPECT_EQ(ClassificationJson(2, 1, {"a\"\n", "\xff"}, {1.0f, 1e10f}),
            "{\n    \"results\": [[[\"a\\\"\\n\", 1.0]], [[\"\xff\", 1e+10]]\n    ]\n}");
}

TEST(ExampleJson, PrintsTheMissingHalfAsDefaults) {
  EXPECT_EQ(ClassificationJson(1, 1, {"c"}, {}), "{\n    \"results\": [[[\"c\", 0.0]]\n    ]\n}");
  EXPECT_EQ(ClassificationJson(1, 1, {}, {0.0f}), "{\n    \"results\": [[[\"\", 0.0]]\n    ]\n}");
  EXPECT_EQ(ClassificationJson(2, 0, {}, {}), "{\n    \"results\": [[], []\n    ]\n}");
}

TEST(ExampleJson, PrintsRegressionsOnOneLine) {
  EXPECT_EQ(RegressionJson({3.5f, 4.0f}), "{\n    \"results\": [3.5, 4.0]\n}");
  EXPECT_EQ(RegressionJson({0.2f, 0.9f, 1.0f}), "{\n    \"results\": [0.2, 0.9, 1.0]\n}");
}

TEST(ExampleJson, PrintsValuesThatAreNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(RegressionJson({infinity, -infinity, std::numeric_limits<float>::quiet_NaN(), -0.0f}),
            "{\n    \"results\": [Infinity, -Infinity, NaN, -0.0]\n}");
}

TEST(ExampleJson, RefusesToPrintNoResults) {
  EXPECT_EQ(ClassificationJson(0, 2, {}, {}), "Cannot convert empty ClassificationResults to JSON");
  EXPECT_EQ(RegressionJson({}), "Cannot convert empty RegressionResults to JSON");
}

}  // namespace
}  // namespace tensorgate
