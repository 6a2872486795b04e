// Classify, Regress and MultiInference on the protobuf wire, both ways.
#include "codec/proto/example_request.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "example_builder.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using proto::Context;
using proto::ContextKind;
using proto::Examples;
using proto::FloatField;
using proto::InputField;
using proto::ListKind;
using proto::VarintField;
using Strings = std::vector<std::string>;

// The examples as bytes of their own, or the error in the one place.
Strings ExamplesOf(const std::string& body, const DecodeLimits& limits = {}) {
  DecodeBudget budget(limits);
  ExampleRequest request;
  const Status status = ParseExampleRequest(body, &budget, &request);
  if (!status.ok()) return {std::string(CodeName(status.code())) + ": " + status.message()};
  return Strings(request.examples.begin(), request.examples.end());
}

std::string ErrorOfRequest(const std::string& body, bool multi = false) {
  DecodeBudget budget{DecodeLimits()};
  ExampleRequest request;
  const Status status = multi ? ParseMultiInferenceRequest(body, &budget, &request)
                              : ParseExampleRequest(body, &budget, &request);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  return status.message();
}

TEST(ExampleRequest, SplitsAListWithoutCopyingIt) {
  const std::string body = BytesField(1, BytesField(1, "m") + BytesField(3, "sig")) +
                           InputField(ListKind(Examples({"first", "", "\xff not even a message"})));
  DecodeBudget budget{DecodeLimits()};
  ExampleRequest request;
  ASSERT_TRUE(ParseExampleRequest(body, &budget, &request).ok());
  EXPECT_EQ(request.model_spec.name, "m");
  EXPECT_EQ(request.model_spec.signature_name, "sig");
  ASSERT_EQ(request.examples.size(), 3u);
  EXPECT_EQ(request.examples[2], "\xff not even a message");
  EXPECT_GE(request.examples[0].data(), body.data());
  EXPECT_LT(request.examples[0].data(), body.data() + body.size());
  EXPECT_TRUE(request.owned_examples.empty());
}

TEST(ExampleRequest, PutsTheContextInFrontOfEveryExample) {
  EXPECT_EQ(ExamplesOf(InputField(ContextKind(Examples({"a", "", "b"}) + Context("ctx,")))),
            (Strings{"ctx,a", "ctx,", "ctx,b"}));
}

TEST(ExampleRequest, TakesAListWithoutContextAsItIs) {
  EXPECT_EQ(ExamplesOf(InputField(ContextKind(Examples({"a"})))), Strings{"a"});
  EXPECT_EQ(ExamplesOf(InputField(ContextKind(Examples({"a"}) + Context("")))), Strings{"a"});
}

TEST(ExampleRequest, MergesAContextGivenInParts) {
  EXPECT_EQ(ExamplesOf(InputField(ContextKind(Context("x") + Examples({"a"}) + Context("y")))),
            Strings{"xya"});
}

TEST(ExampleRequest, IsEmptyWithoutExamples) {
  EXPECT_EQ(ExamplesOf(""), Strings{});
  EXPECT_EQ(ExamplesOf(InputField("")), Strings{});
  EXPECT_EQ(ExamplesOf(InputField(ListKind(""))), Strings{});
  EXPECT_EQ(ExamplesOf(InputField(ContextKind(""))), Strings{});
  EXPECT_EQ(ExamplesOf(InputField(ContextKind(Context("ctx")))), Strings{});
}

TEST(ExampleRequest, LetsTheLastKindOfInputWin) {
  const std::string list = ListKind(Examples({"a"}));
  const std::string with_context = ContextKind(Examples({"b"}) + Context("c"));
  EXPECT_EQ(ExamplesOf(InputField(list + with_context)), Strings{"cb"});
  EXPECT_EQ(ExamplesOf(InputField(with_context + list)), Strings{"a"});
  EXPECT_EQ(ExamplesOf(InputField(list + ContextKind(""))), Strings{});
  // Back at the first kind, what it had before is gone.
  EXPECT_EQ(ExamplesOf(InputField(with_context + list + ContextKind(Examples({"d"})))),
            Strings{"d"});
}

TEST(ExampleRequest, AddsUpPartsOfOneKind) {
  EXPECT_EQ(ExamplesOf(InputField(ListKind(Examples({"a"})) + ListKind(Examples({"b"})))),
            (Strings{"a", "b"}));
  EXPECT_EQ(ExamplesOf(InputField(ListKind(Examples({"a"}))) + BytesField(1, "") +
                       InputField(ListKind(Examples({"b"})))),
            (Strings{"a", "b"}));
}

TEST(ExampleRequest, SkipsFieldsItDoesNotKnow) {
  EXPECT_EQ(ExamplesOf(VarintField(2, 7) + BytesField(9, "x") +
                       InputField(VarintField(1, 3) + BytesField(3, "x") +
                                  ListKind(VarintField(1, 1) + Context("no context here") +
                                           Examples({"a"})))),
            Strings{"a"});
}

TEST(ExampleRequest, RefusesAMalformedWire) {
  EXPECT_EQ(ErrorOfRequest("\x12\x05"),
            "request: malformed protobuf, a field is longer than what is left at byte 2");
  EXPECT_EQ(ErrorOfRequest(InputField("\x0a")),
            "input: malformed protobuf, a length is truncated or longer than 32 bits at byte 1");
  EXPECT_EQ(ErrorOfRequest(InputField(ListKind("\x0a\x02x"))),
            "input list: malformed protobuf, a field is longer than what is left at byte 2");
  EXPECT_EQ(ErrorOfRequest(InputField(ListKind("\x0c"))),
            "input list: malformed protobuf, the end of a group that was not begun at byte 1");
  EXPECT_EQ(ErrorOfRequest(InputField("") + BytesField(1, BytesField(1, "\xff"))),
            "model_spec.name: not valid UTF-8");
}

TEST(ExampleRequest, ChargesCopiesOfTheContextToTheBudget) {
  DecodeLimits limits;
  limits.max_filled_bytes = 300;
  const std::string context(100, 'c');
  EXPECT_EQ(ExamplesOf(InputField(ContextKind(Context(context) + Examples({"", "", ""})))),
            (Strings{context, context, context}));
  EXPECT_EQ(
      ExamplesOf(InputField(ContextKind(Context(context) + Examples({"", "", "", ""}))), limits),
      Strings{"INVALID_ARGUMENT: input: the copies of the context, one for each example, "
              "exceed the limit on the size of a request"});
  // 4 MiB of context before a million examples is refused at once, not after it was tried.
  std::string many = Context(std::string(size_t{4} << 20, 'c'));
  for (int i = 0; i < 1000000; ++i) many += std::string("\x0a\0", 2);
  EXPECT_NE(ExamplesOf(InputField(ContextKind(many)))[0].find("exceed the limit"),
            std::string::npos);
}

TEST(ExampleRequest, ChargesTheListItselfToTheBudget) {
  DecodeLimits limits;
  limits.max_tensor_bytes = 3 * sizeof(std::string_view);
  EXPECT_EQ(ExamplesOf(InputField(ListKind(Examples({"a", "b", "c"}))), limits).size(), 3u);
  EXPECT_EQ(ExamplesOf(InputField(ListKind(Examples({"a", "b", "c", "d"}))), limits),
            Strings{"INVALID_ARGUMENT: input: examples exceed the limit on the size of a request"});
}

TEST(ExampleRequest, MovesWithItsExamples) {
  const std::string body = InputField(ContextKind(Examples({"a"}) + Context("c")));
  DecodeBudget budget{DecodeLimits()};
  ExampleRequest request;
  ASSERT_TRUE(ParseExampleRequest(body, &budget, &request).ok());
  const ExampleRequest moved = std::move(request);
  EXPECT_EQ(moved.examples[0], "ca");
}

std::string Task(std::string_view spec, std::string_view method) {
  return BytesField(1, BytesField(1, spec) + BytesField(2, method));
}

TEST(MultiInferenceRequest, ReadsTasksAndInput) {
  const std::string body =
      Task(BytesField(1, "m") + BytesField(3, "regress"), "tensorflow/serving/regress") +
      InputField(ContextKind(Context("c") + Examples({"a"}))) +
      Task(BytesField(1, "m") + BytesField(2, VarintField(1, 3)), "tensorflow/serving/classify") +
      BytesField(1, "");
  DecodeBudget budget{DecodeLimits()};
  ExampleRequest request;
  ASSERT_TRUE(ParseMultiInferenceRequest(body, &budget, &request).ok());
  ASSERT_EQ(request.tasks.size(), 3u);
  EXPECT_EQ(request.tasks[0].model_spec.name, "m");
  EXPECT_EQ(request.tasks[0].model_spec.signature_name, "regress");
  EXPECT_EQ(request.tasks[0].method_name, "tensorflow/serving/regress");
  EXPECT_EQ(request.tasks[1].model_spec.version, 3);
  EXPECT_EQ(request.tasks[1].method_name, "tensorflow/serving/classify");
  EXPECT_FALSE(request.tasks[2].model_spec.present);
  ASSERT_EQ(request.examples.size(), 1u);
  EXPECT_EQ(request.examples[0], "ca");
  EXPECT_FALSE(request.model_spec.present);
}

TEST(MultiInferenceRequest, RefusesAMalformedWire) {
  EXPECT_EQ(ErrorOfRequest("\x0a\x05", true),
            "MultiInferenceRequest: malformed protobuf, a field is longer than what is left at "
            "byte 2");
  EXPECT_EQ(ErrorOfRequest(Task("", "\xff"), true), "tasks method_name: not valid UTF-8");
  EXPECT_EQ(ErrorOfRequest(BytesField(1, "\x12"), true).substr(0, 8), "request:");
}

TEST(MultiInferenceRequest, ChargesTasksToTheBudget) {
  DecodeLimits limits;
  limits.max_filled_bytes = 2 * sizeof(InferenceTaskView);
  DecodeBudget budget(limits);
  ExampleRequest request;
  const std::string task = Task("", "");
  EXPECT_TRUE(ParseMultiInferenceRequest(task + task, &budget, &request).ok());
  EXPECT_EQ(ParseMultiInferenceRequest(task, &budget, &request).message(),
            "tasks exceed the limit on the size of a request");
}

// --- responses ---

const EffectiveSpec kSpec = {"m", 3, "sig"};

std::string SpecBytes() {
  return BytesField(1, "m") + BytesField(2, VarintField(1, 3)) + BytesField(3, "sig");
}

std::string Class(std::string_view fields) { return BytesField(1, fields); }

struct Classes {
  std::vector<std::string_view> labels;
  std::vector<float> scores;
  TensorView labels_view = proto::StringsView(labels);
  TensorView scores_view = proto::FloatsView(scores);
  ClassificationTensors Tensors(int64_t examples, int64_t classes) {
    labels_view = proto::StringsView(labels);
    scores_view = proto::FloatsView(scores);
    return {examples, classes, labels.empty() ? nullptr : &labels_view,
            scores.empty() ? nullptr : &scores_view};
  }
};

std::string Classification(const ClassificationTensors& tensors) {
  OutputBuffer out;
  EncodeClassificationResponse(kSpec, tensors, &out);
  return std::string(out.view());
}

std::string Regression(const std::vector<float>& values) {
  const TensorView view = proto::FloatsView(values);
  OutputBuffer out;
  EncodeRegressionResponse(kSpec, {view.elements, &view}, &out);
  return std::string(out.view());
}

TEST(ClassificationResponse, HasAListOfClassesForEveryExample) {
  Classes both{{"a", "b", "c", "d"}, {0.5f, 0.25f, 1.0f, -2.0f}};
  EXPECT_EQ(Classification(both.Tensors(2, 2)),
            BytesField(1, BytesField(1, Class(BytesField(1, "a") + FloatField(2, 0.5f)) +
                                            Class(BytesField(1, "b") + FloatField(2, 0.25f))) +
                              BytesField(1, Class(BytesField(1, "c") + FloatField(2, 1.0f)) +
                                                Class(BytesField(1, "d") + FloatField(2, -2.0f)))) +
                BytesField(2, SpecBytes()));
}

TEST(ClassificationResponse, LeavesTheMissingHalfAtItsDefault) {
  Classes labels{{"a", ""}, {}};
  EXPECT_EQ(Classification(labels.Tensors(1, 2)),
            BytesField(1, BytesField(1, Class(BytesField(1, "a")) + Class(""))) +
                BytesField(2, SpecBytes()));
  Classes scores{{}, {0.5f}};
  EXPECT_EQ(Classification(scores.Tensors(1, 1)),
            BytesField(1, BytesField(1, Class(FloatField(2, 0.5f)))) + BytesField(2, SpecBytes()));
}

TEST(ClassificationResponse, KeepsClassesWithScoreZero) {
  Classes zeros{{}, {0.0f, -0.0f}};
  EXPECT_EQ(Classification(zeros.Tensors(1, 2)),
            BytesField(1, BytesField(1, Class("") + Class(FloatField(2, -0.0f)))) +
                BytesField(2, SpecBytes()));
}

TEST(ClassificationResponse, HasEmptyListsWhereThereAreNoClasses) {
  EXPECT_EQ(Classification({2, 0, nullptr, nullptr}),
            BytesField(1, BytesField(1, "") + BytesField(1, "")) + BytesField(2, SpecBytes()));
}

TEST(ClassificationResponse, WritesLengthsOfMoreThanOneByte) {
  const std::string label(300, 'x');
  Classes one{{label}, {1.0f}};
  EXPECT_EQ(Classification(one.Tensors(1, 1)),
            BytesField(1, BytesField(1, Class(BytesField(1, label) + FloatField(2, 1.0f)))) +
                BytesField(2, SpecBytes()));
}

TEST(RegressionResponse, HasAValueForEveryExample) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Regression({3.5f, 0.0f, infinity}),
            BytesField(1, BytesField(1, FloatField(1, 3.5f)) + BytesField(1, "") +
                              BytesField(1, FloatField(1, infinity))) +
                BytesField(2, SpecBytes()));
  EXPECT_EQ(Regression({}), BytesField(1, "") + BytesField(2, SpecBytes()));
}

TEST(MultiInferenceResponse, KeepsTheOrderOfItsResults) {
  Classes classes{{"a"}, {0.5f}};
  const ClassificationTensors classification = classes.Tensors(1, 1);
  const std::vector<float> values = {4.0f};
  const TensorView view = proto::FloatsView(values);
  const RegressionTensors regression = {1, &view};
  OutputBuffer out;
  EncodeMultiInferenceResponse(
      {{kSpec, nullptr, &regression}, {{"", 0, ""}, &classification, nullptr}}, &out);
  EXPECT_EQ(out.view(),
            BytesField(
                1, BytesField(1, SpecBytes()) + BytesField(3, BytesField(1, FloatField(1, 4.0f)))) +
                BytesField(1, BytesField(1, BytesField(2, "")) +
                                  BytesField(2, BytesField(1, Class(BytesField(1, "a") +
                                                                    FloatField(2, 0.5f))))));
}

}  // namespace
}  // namespace tensorgate
