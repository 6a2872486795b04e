// PredictRequest and PredictResponse around their tensors.
#include "codec/proto/predict_proto.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto_builder.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using proto::VarintField;

std::string Entry(std::string_view alias, std::string_view tensor) {
  return BytesField(2, BytesField(1, alias) + BytesField(2, tensor));
}

std::string ThreeFloatsProto() {
  return proto::Dtype(DataType::kFloat) + proto::Shape({3}) +
         proto::PackedFixed<float>(5, {1.0f, 2.0f, 5.0f});
}

std::string Version(int64_t version) { return BytesField(2, VarintField(1, version)); }

ModelSpecView SpecOf(const std::string& body) {
  ModelSpecView spec;
  EXPECT_TRUE(ReadModelSpec(body, &spec).ok());
  return spec;
}

TEST(ReadModelSpec, IsAbsentWhenTheRequestHasNone) {
  EXPECT_FALSE(SpecOf("").present);
  EXPECT_FALSE(SpecOf(Entry("x", ThreeFloatsProto())).present);
  const std::string empty = BytesField(1, "");
  EXPECT_TRUE(SpecOf(empty).present);
}

TEST(ReadModelSpec, ReadsEveryField) {
  const std::string body = BytesField(1, BytesField(1, "m") + Version(7) + BytesField(3, "sig"));
  const ModelSpecView spec = SpecOf(body);
  EXPECT_EQ(spec.name, "m");
  EXPECT_EQ(spec.signature_name, "sig");
  EXPECT_TRUE(spec.has_version);
  EXPECT_EQ(spec.version, 7);
  EXPECT_FALSE(spec.has_label);
}

TEST(ReadModelSpec, TakesAnEmptyVersionAsZero) {
  const std::string body = BytesField(1, BytesField(2, ""));
  EXPECT_TRUE(SpecOf(body).has_version);
  EXPECT_EQ(SpecOf(body).version, 0);
}

TEST(ReadModelSpec, ReadsNegativeVersions) {
  const std::string body = BytesField(1, Version(-2));
  EXPECT_EQ(SpecOf(body).version, -2);
}

TEST(ReadModelSpec, LetsTheLastOfVersionAndLabelWin) {
  const std::string label_last = BytesField(1, Version(7) + BytesField(4, "stable"));
  EXPECT_FALSE(SpecOf(label_last).has_version);
  EXPECT_EQ(SpecOf(label_last).version, 0);
  EXPECT_EQ(SpecOf(label_last).label, "stable");

  const std::string version_last = BytesField(1, BytesField(4, "stable") + BytesField(2, ""));
  EXPECT_TRUE(SpecOf(version_last).has_version);
  EXPECT_EQ(SpecOf(version_last).version, 0);
  EXPECT_FALSE(SpecOf(version_last).has_label);
  EXPECT_EQ(SpecOf(version_last).label, "");
}

TEST(ReadModelSpec, KnowsAnEmptyLabelFromNone) {
  const std::string body = BytesField(1, BytesField(4, ""));
  EXPECT_TRUE(SpecOf(body).has_label);
}

TEST(ReadModelSpec, MergesASpecGivenInTwoParts) {
  const std::string body = BytesField(1, BytesField(1, "first") + Version(3) + BytesField(3, "s")) +
                           BytesField(1, BytesField(1, "second") + BytesField(2, ""));
  const ModelSpecView spec = SpecOf(body);
  EXPECT_EQ(spec.name, "second");
  EXPECT_EQ(spec.signature_name, "s");
  EXPECT_EQ(spec.version, 3);  // the second wrapper is empty, so the first one's value stays
}

TEST(ReadModelSpec, DoesNotLookIntoTheOtherFields) {
  const std::string body = BytesField(2, "\xff\xff") + BytesField(1, BytesField(1, "m"));
  EXPECT_EQ(SpecOf(body).name, "m");
}

TEST(ReadModelSpec, SkipsFieldsOfAnotherWireType) {
  const std::string body =
      VarintField(1, 5) + BytesField(1, VarintField(1, 9) + BytesField(1, "m") + VarintField(3, 1));
  EXPECT_EQ(SpecOf(body).name, "m");
  EXPECT_EQ(SpecOf(body).signature_name, "");
}

TEST(ReadModelSpec, RefusesTextThatIsNotUtf8) {
  for (const uint32_t field : {1, 3, 4}) {
    ModelSpecView spec;
    const std::string body = BytesField(1, BytesField(field, "\xc3"));
    const Status status = ReadModelSpec(body, &spec);
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_NE(status.message().find("not valid UTF-8"), std::string::npos) << status.message();
  }
}

TEST(ReadModelSpec, RefusesAMalformedWire) {
  for (const std::string& body :
       {std::string("\x0a"), std::string("\x0a\x05"), BytesField(1, "\x0a\x05"),
        BytesField(1, BytesField(2, "\x08")), BytesField(1, BytesField(2, "\x80"))}) {
    ModelSpecView spec;
    EXPECT_EQ(ReadModelSpec(body, &spec).code(), Code::kInvalidArgument);
  }
}

PredictRequestView ParsedRequest(const std::string& body) {
  PredictRequestView request;
  const Status status = ParsePredictRequest(body, &request);
  EXPECT_TRUE(status.ok()) << status.message();
  return request;
}

TEST(ParsePredictRequest, ReadsSpecInputsAndFilter) {
  const std::string body = BytesField(1, BytesField(1, "m")) + Entry("x", "tensor x") +
                           Entry("y", "tensor y") + BytesField(3, "out") + BytesField(3, "");
  const PredictRequestView request = ParsedRequest(body);
  EXPECT_EQ(request.model_spec.name, "m");
  ASSERT_EQ(request.inputs.size(), 2u);
  EXPECT_EQ(request.inputs[0].first, "x");
  EXPECT_EQ(request.inputs[0].second, "tensor x");
  EXPECT_EQ(request.inputs[1].first, "y");
  ASSERT_EQ(request.output_filter.size(), 2u);
  EXPECT_EQ(request.output_filter[0], "out");
  EXPECT_EQ(request.output_filter[1], "");
}

TEST(ParsePredictRequest, TakesAnEmptyBodyAsAnEmptyRequest) {
  const PredictRequestView request = ParsedRequest("");
  EXPECT_FALSE(request.model_spec.present);
  EXPECT_TRUE(request.inputs.empty());
}

TEST(ParsePredictRequest, ForgetsTheRequestThatTheViewHeldBefore) {
  PredictRequestView request;
  const std::string body = BytesField(1, BytesField(1, "m")) + Entry("x", "") + BytesField(3, "o");
  ASSERT_TRUE(ParsePredictRequest(body, &request).ok());
  ASSERT_TRUE(ParsePredictRequest("", &request).ok());
  EXPECT_FALSE(request.model_spec.present);
  EXPECT_TRUE(request.inputs.empty());
  EXPECT_TRUE(request.output_filter.empty());
}

TEST(ParsePredictRequest, FillsInAMissingKeyOrValue) {
  const std::string body =
      BytesField(2, BytesField(2, "t")) + BytesField(2, BytesField(1, "x")) +
      BytesField(2, VarintField(1, 3) + VarintField(9, 1) + BytesField(1, "y"));
  const PredictRequestView request = ParsedRequest(body);
  ASSERT_EQ(request.inputs.size(), 3u);
  EXPECT_EQ(request.inputs[0].first, "");
  EXPECT_EQ(request.inputs[0].second, "t");
  EXPECT_EQ(request.inputs[1].first, "x");
  EXPECT_EQ(request.inputs[1].second, "");
  EXPECT_EQ(request.inputs[2].first, "y");
}

TEST(ParsePredictRequest, TakesTheLastKeyOfAnEntryInAnyOrder) {
  const std::string body =
      BytesField(2, BytesField(2, "t") + BytesField(1, "a") + BytesField(1, "b"));
  const PredictRequestView request = ParsedRequest(body);
  EXPECT_EQ(request.inputs[0].first, "b");
  EXPECT_EQ(request.inputs[0].second, "t");
}

TEST(ParsePredictRequest, KeepsTheLastInputOfAnAlias) {
  const std::string body = Entry("x", "1") + Entry("y", "2") + Entry("x", "3") + Entry("x", "4");
  const PredictRequestView request = ParsedRequest(body);
  ASSERT_EQ(request.inputs.size(), 2u);
  EXPECT_EQ(request.inputs[0].first, "y");
  EXPECT_EQ(request.inputs[1].second, "4");
}

TEST(ParsePredictRequest, KeepsTheLastInputOfAnAliasAmongManyInLittleTime) {
  std::string body;
  for (int i = 0; i < 200000; ++i) {
    body += Entry(std::to_string(i % 50000), std::to_string(i));
  }
  const PredictRequestView request = ParsedRequest(body);
  ASSERT_EQ(request.inputs.size(), 50000u);
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    ASSERT_EQ(request.inputs[i].first, std::to_string(i));
    ASSERT_EQ(request.inputs[i].second, std::to_string(i + 150000));
  }
}

TEST(ParsePredictRequest, RefusesAnEntryWithTwoValues) {
  PredictRequestView request;
  const std::string body = BytesField(2, BytesField(2, "a") + BytesField(2, "b"));
  EXPECT_EQ(ParsePredictRequest(body, &request).message(), "inputs entry: more than one value");
}

TEST(ParsePredictRequest, IgnoresTheFieldsOfStreamedPrediction) {
  const std::string body = BytesField(5, VarintField(1, 1)) + BytesField(6, "\xff") +
                           BytesField(7, "") + VarintField(4, 1) + Entry("x", "");
  EXPECT_EQ(ParsedRequest(body).inputs.size(), 1u);
}

TEST(ParsePredictRequest, RefusesTextThatIsNotUtf8) {
  for (const std::string& body : {Entry("\xed\xa0\x80", ""), BytesField(3, "\xff")}) {
    PredictRequestView request;
    EXPECT_EQ(ParsePredictRequest(body, &request).code(), Code::kInvalidArgument);
  }
}

TEST(ParsePredictRequest, SaysWhereTheWireIsMalformed) {
  PredictRequestView request;
  EXPECT_EQ(ParsePredictRequest(BytesField(2, "\x0a\x05x"), &request).message(),
            "inputs entry: malformed protobuf, a field is longer than what is left at byte 2");
  EXPECT_EQ(ParsePredictRequest(std::string(1, '\0'), &request).message(),
            "PredictRequest: malformed protobuf, field number 0 at byte 1");
}

// A request cut anywhere is refused or means less; it never reads past its end (see the
// sanitizers).
TEST(ParsePredictRequest, SurvivesTruncationAtEveryByte) {
  const std::string whole = BytesField(1, BytesField(1, "model") + Version(300)) +
                            Entry("x", ThreeFloatsProto()) + Entry("y", ThreeFloatsProto()) +
                            BytesField(3, "filter");
  for (size_t size = 0; size <= whole.size(); ++size) {
    const std::string body = whole.substr(0, size);
    const std::vector<char> tight(body.begin(), body.end());  // no byte behind the last
    PredictRequestView request;
    const Status status = ParsePredictRequest({tight.data(), tight.size()}, &request);
    ModelSpecView spec;
    const Status spec_status = ReadModelSpec({tight.data(), tight.size()}, &spec);
    EXPECT_EQ(status.ok(), spec_status.ok()) << size;
    if (!status.ok()) continue;
    for (const auto& input : request.inputs) {
      DecodeBudget budget{DecodeLimits()};
      Tensor tensor;
      EXPECT_TRUE(DecodeTensorProto(input.second, &budget, &tensor).ok());
    }
  }
}

struct Outputs {
  float values[3] = {2.5f, 3.0f, 4.5f};
  int64_t dims[1] = {3};
  std::vector<NamedTensorView> views;

  explicit Outputs(std::initializer_list<const char*> names) {
    for (const char* name : names) {
      TensorView view;
      view.dtype = DataType::kFloat;
      view.dims = dims;
      view.rank = 1;
      view.elements = 3;
      view.data = values;
      views.push_back({name, view});
    }
  }
};

std::string EncodedResponse(const std::vector<NamedTensorView>& outputs, std::string_view name,
                            int64_t version, std::string_view signature, bool as_content = false) {
  OutputBuffer out;
  EXPECT_TRUE(EncodePredictResponse(name, version, signature, outputs, as_content, &out).ok());
  return std::string(out.view());
}

TEST(EncodePredictResponse, WritesOutputsThenTheSpec) {
  const Outputs outputs({"y"});
  const std::string tensor = proto::Dtype(DataType::kFloat) + proto::Shape({3}) +
                             proto::PackedFixed<float>(5, {2.5f, 3.0f, 4.5f});
  EXPECT_EQ(EncodedResponse(outputs.views, "half_plus_two", 123, "serving_default"),
            BytesField(1, BytesField(1, "y") + BytesField(2, tensor)) +
                BytesField(2, BytesField(1, "half_plus_two") + Version(123) +
                                  BytesField(3, "serving_default")));
}

TEST(EncodePredictResponse, WritesTensorContentWhenAsked) {
  const Outputs outputs({"y"});
  const std::string tensor = proto::Dtype(DataType::kFloat) + proto::Shape({3}) +
                             proto::Content(proto::Raw<float>({2.5f, 3.0f, 4.5f}));
  EXPECT_EQ(EncodedResponse(outputs.views, "m", 1, "s", true),
            BytesField(1, BytesField(1, "y") + BytesField(2, tensor)) +
                BytesField(2, BytesField(1, "m") + Version(1) + BytesField(3, "s")));
}

TEST(EncodePredictResponse, WritesVersionZeroAsAnEmptyWrapper) {
  EXPECT_EQ(EncodedResponse({}, "m", 0, ""), BytesField(2, BytesField(1, "m") + BytesField(2, "")));
  EXPECT_EQ(EncodedResponse({}, "", -1, ""), BytesField(2, Version(-1)));
}

TEST(EncodePredictResponse, WritesEveryOutputAndLongNames) {
  const Outputs outputs({"a", "b", ""});
  const std::string tensor = proto::Dtype(DataType::kFloat) + proto::Shape({3}) +
                             proto::PackedFixed<float>(5, {2.5f, 3.0f, 4.5f});
  const std::string name(300, 'n');
  const std::string signature(200, 's');
  std::string expected;
  for (const char* alias : {"a", "b", ""}) {
    expected += BytesField(1, BytesField(1, alias) + BytesField(2, tensor));
  }
  expected += BytesField(2, BytesField(1, name) + Version(1) + BytesField(3, signature));
  EXPECT_EQ(EncodedResponse(outputs.views, name, 1, signature), expected);
}

TEST(EncodePredictResponse, DoesNotMoveALargeOutputForTheSpecBehindIt) {
  const std::vector<float> values(1 << 20);
  const int64_t dims[] = {1 << 20};
  TensorView view;
  view.dtype = DataType::kFloat;
  view.dims = dims;
  view.rank = 1;
  view.elements = dims[0];
  view.data = values.data();
  OutputBuffer out;
  ASSERT_TRUE(EncodePredictResponse("m", 1, "s", {{"y", view}}, false, &out).ok());
  EXPECT_LT(out.capacity(), values.size() * 4 + 256);
}

TEST(EncodePredictResponse, RefusesADtypeThatCannotBeServed) {
  TensorView view;
  view.dtype = DataType::kResource;
  OutputBuffer out;
  EXPECT_EQ(EncodePredictResponse("m", 1, "s", {{"y", view}}, false, &out).code(),
            Code::kUnimplemented);
}

}  // namespace
}  // namespace tensorgate
