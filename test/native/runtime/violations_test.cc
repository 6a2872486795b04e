// What a call says beside TensorFlow's and upstream's texts, with real models.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "../proto_builder.h"
#include "../violation_text.h"
#include "call/inference_call.h"
#include "model/saved_model.h"
#include "test_model.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using proto::Dtype;
using proto::PackedFixed;
using proto::Shape;
using proto::StringVal;

std::string InputEntry(const std::string& alias, const std::string& tensor) {
  return BytesField(2, BytesField(1, alias) + BytesField(2, tensor));
}

const std::string kFloats = Dtype(DataType::kFloat) + Shape({1}) + PackedFixed<float>(5, {1});
const std::string kStrings = Dtype(DataType::kString) + Shape({3}) + StringVal("a");

// Of the request, wherever in the call it is refused.
std::string Outcome(std::unique_ptr<InferenceCall> call, const std::string& body) {
  Status status = call->Decode(body, DecodeLimits());
  OutputBuffer reply;
  if (status.ok()) status = call->RunAndEncode(&reply);
  EXPECT_FALSE(status.ok());
  return ViolationText(status);
}

class ViolationsTest : public testing::Test {
 protected:
  std::string Proto(const std::string& body) {
    return Outcome(NewProtoPredictCall(half_, false), body);
  }
  std::string Json(const std::string& body) { return Outcome(NewJsonPredictCall(half_), body); }

  const std::shared_ptr<const SavedModel> half_ = LoadModel("examples/models/half_plus_two/1");
  const std::shared_ptr<const SavedModel> iris_ = LoadModel("examples/models/iris_classifier/1");
  const std::shared_ptr<const SavedModel> two_ = LoadModel("test/models/multi_io/1");
};

TEST_F(ViolationsTest, SayWhichInputTensorFlowRefuses) {
  EXPECT_EQ(Proto(InputEntry("x", kStrings)),
            "inputs[\"x\"]: expected DT_FLOAT [-1], got DT_STRING [3]");
  EXPECT_EQ(Outcome(NewProtoPredictCall(two_, false),
                    InputEntry("a", kStrings) + InputEntry("b", kStrings)),
            "inputs[\"a\"]: expected DT_FLOAT [-1,2], got DT_STRING [3]\n"
            "inputs[\"b\"]: expected DT_INT32 [-1], got DT_STRING [3]");
}

TEST_F(ViolationsTest, SayWhichInputsAreMissingOrUnknown) {
  EXPECT_EQ(Proto(""), "inputs[\"x\"]: expected DT_FLOAT [-1], got nothing");
  EXPECT_EQ(Proto(InputEntry("q", kFloats)),
            "inputs[\"x\"]: expected DT_FLOAT [-1], got nothing\n"
            "inputs[\"q\"]: not an input of signature \"serving_default\", whose inputs are {x}");
  EXPECT_EQ(Proto(InputEntry("x", kFloats) + InputEntry("q", kFloats)),
            "inputs[\"q\"]: not an input of signature \"serving_default\", whose inputs are {x}");
}

TEST_F(ViolationsTest, BoundTheNumberOfUnknownInputs) {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += InputEntry("q" + std::to_string(i), kFloats);
  std::unique_ptr<InferenceCall> call = NewProtoPredictCall(half_, false);
  EXPECT_EQ(call->Decode(body, DecodeLimits()).violations().size(), kMaxViolations);
}

TEST_F(ViolationsTest, GoDownIntoATensor) {
  EXPECT_EQ(Proto(InputEntry("x", Dtype(DataType::kFloat) + Shape({2}) + BytesField(5, "123456"))),
            "inputs[\"x\"].float_val: malformed protobuf, 6 bytes are no multiple of 4\n"
            "inputs[\"x\"]: given DT_FLOAT [2]; a TensorProto of 16 bytes");
}

TEST_F(ViolationsTest, SayWhichOutputsThereAre) {
  EXPECT_EQ(Proto(InputEntry("x", kFloats) + BytesField(3, "y") + BytesField(3, "z")),
            "output_filter[1]: got \"z\", expected one of {y}");
  EXPECT_EQ(Proto(InputEntry("x", kFloats) + BytesField(3, "y") + BytesField(3, "y")),
            "output_filter[1]: \"y\" was asked for before");
}

TEST_F(ViolationsTest, SayWhichSignaturesThereAre) {
  const std::string unknown = "signature_name: got \"nope\", expected one of \"serving_default\"";
  EXPECT_EQ(Proto(BytesField(1, BytesField(3, "nope"))), "model_spec." + unknown);
  EXPECT_EQ(Json("{\"signature_name\": \"nope\", \"instances\": [1]}"), unknown);
  EXPECT_EQ(Outcome(NewJsonExampleCall(half_, Method::kClassify),
                    "{\"signature_name\": \"nope\", \"examples\": [{}]}"),
            unknown);
  EXPECT_EQ(
      Outcome(NewProtoExampleCall(half_, Method::kRegress), BytesField(1, BytesField(3, "nope"))),
      "model_spec." + unknown);
}

TEST_F(ViolationsTest, SayWhereJsonHasTheInputThatTensorFlowRefuses) {
  EXPECT_EQ(Outcome(NewJsonPredictCall(iris_), R"({"instances": [[1, 2, 3]]})"),
            "instances[*]: expected DT_FLOAT [-1,4], got DT_FLOAT [1,3]");
  EXPECT_EQ(Outcome(NewJsonPredictCall(iris_), R"({"inputs": [[1, 2, 3]]})"),
            "inputs: expected DT_FLOAT [-1,4], got DT_FLOAT [1,3]");
  EXPECT_EQ(Outcome(NewJsonPredictCall(two_), R"({"instances": [{"a": [1, 2, 3], "b": [1, 2]}]})"),
            "instances[*].a: expected DT_FLOAT [-1,2], got DT_FLOAT [1,3]\n"
            "instances[*].b: expected DT_INT32 [-1], got DT_INT32 [1,2]");
  EXPECT_EQ(Outcome(NewJsonPredictCall(two_),
                    R"({"inputs": {"a": [[1, 2, 3], [4, 5, 6]], "b": [1, 2, 3]}})"),
            "inputs.a: expected DT_FLOAT [-1,2], got DT_FLOAT [2,3]");
}

TEST_F(ViolationsTest, SayThatAnExampleIsMissing) {
  EXPECT_EQ(Outcome(NewProtoExampleCall(iris_, Method::kClassify),
                    BytesField(1, BytesField(3, "classify"))),
            "input: expected at least one example, got none");
}

TEST_F(ViolationsTest, NameTheTaskOfAMultiInference) {
  const auto task = [](const std::string& model, const std::string& signature,
                       const std::string& method) {
    return BytesField(1, BytesField(1, BytesField(1, model) + BytesField(3, signature)) +
                             BytesField(2, "tensorflow/serving/" + method));
  };
  const auto outcome = [&](const std::string& body) {
    return Outcome(NewProtoExampleCall(iris_, Method::kMultiInference), body);
  };
  EXPECT_EQ(outcome(task("m", "classify", "nope")),
            "tasks[0].method_name: expected tensorflow/serving/classify or "
            "tensorflow/serving/regress, got \"tensorflow/serving/nope\"");
  EXPECT_EQ(outcome(task("m", "nope", "regress")),
            "tasks[0].model_spec.signature_name: got \"nope\", expected one of \"classify\", "
            "\"regress\", \"serving_default\"");
  const std::string first = task("m", "regress", "regress");
  EXPECT_EQ(outcome(first + task("n", "classify", "classify")),
            "tasks[1].model_spec.name: expected \"m\", as the first task, got \"n\"");
  EXPECT_EQ(outcome(first + task("", "classify", "classify")),
            "tasks[1].model_spec.name: expected \"m\", got nothing");
  EXPECT_EQ(outcome(first + first),
            "tasks[1].model_spec.signature_name: an earlier task has the signature \"regress\"");
}

TEST_F(ViolationsTest, AreAbsentWhereAllIsAsDeclared) {
  std::unique_ptr<InferenceCall> call = NewProtoPredictCall(half_, false);
  const std::string body = InputEntry("x", kFloats);
  ASSERT_TRUE(call->Decode(body, DecodeLimits()).ok());
  OutputBuffer reply;
  EXPECT_TRUE(call->RunAndEncode(&reply).violations().empty());
}

}  // namespace
}  // namespace tensorgate
