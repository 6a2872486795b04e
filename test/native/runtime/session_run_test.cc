// SessionRun calls with TensorFlow beneath: what they run, and what they refuse.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "../proto_builder.h"
#include "call/inference_call.h"
#include "codec/proto/session_run_proto.h"
#include "test_model.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using proto::VarintField;

std::string FloatsProto(const std::vector<float>& values) {
  return proto::Dtype(DataType::kFloat) + proto::Shape({static_cast<int64_t>(values.size())}) +
         proto::PackedFixed<float>(5, values);
}
std::string Feed(std::string_view name, std::string_view tensor) {
  return BytesField(2, BytesField(1, name) + BytesField(2, tensor));
}
std::string FeedX(std::string_view name = "x:0") { return Feed(name, FloatsProto({1, 2})); }
std::string Fetch(std::string_view name) { return BytesField(3, name); }
std::string Target(std::string_view name) { return BytesField(4, name); }
std::string Timeout(int64_t millis) { return BytesField(5, VarintField(2, millis)); }
std::string Aliases() { return VarintField(6, 1); }
std::string SpecNaming(std::string_view name) { return BytesField(1, BytesField(3, name)); }
std::string NamedTensor(std::string_view name, std::string_view tensor) {
  return BytesField(1, BytesField(1, name) + BytesField(2, tensor));
}
std::string Spec(std::string_view signature = {}) {
  std::string spec = BytesField(1, "m") + BytesField(2, VarintField(1, 7));
  if (!signature.empty()) spec += BytesField(3, signature);
  return BytesField(3, spec);
}

class SessionRunTest : public testing::Test {
 protected:
  void Load(const std::string& folder) {
    model_ = LoadModel(folder);
    ASSERT_NE(model_, nullptr);
  }
  void SetUp() override { Load("examples/models/half_plus_two/1"); }
  void TearDown() override {
    model_.reset();  // a variable keeps what was assigned to it
    EXPECT_EQ(LiveInputTensors(), 0);
  }

  Status Run(const std::string& body) {
    out_.Clear();
    const std::unique_ptr<InferenceCall> call = NewSessionRunCall(model_);
    Status status = call->Decode(body, DecodeLimits());
    return status.ok() ? call->RunAndEncode(&out_) : status;
  }
  void ExpectReply(const std::string& body, const std::string& reply) {
    const Status status = Run(body);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(out_.view(), reply);
  }
  void ExpectError(const std::string& body, Code code, const std::string& message) {
    const Status status = Run(body);
    EXPECT_EQ(status.code(), code) << status.message();
    EXPECT_EQ(status.message(), message);
  }

  std::shared_ptr<const SavedModel> model_;
  OutputBuffer out_;
};

TEST_F(SessionRunTest, FeedsAndFetchesTensorsOfTheGraph) {
  const std::string reply = NamedTensor("y:0", FloatsProto({2.5f, 3})) + Spec();
  ExpectReply(FeedX() + Fetch("y:0"), reply);
  ExpectReply(FeedX("x") + Fetch("y:0"), reply);
}

TEST_F(SessionRunTest, AnswersRepeatedFetchesInTheirOrder) {
  Load("test/models/multi_io/1");
  const std::string ints =
      proto::Dtype(DataType::kInt32) + proto::Shape({1}) + proto::PackedVarints(7, {4});
  ExpectReply(
      Feed("b", ints) + Fetch("Cast:0") + Fetch("ExpandDims:0") + Fetch("Cast"),
      NamedTensor("Cast:0", FloatsProto({4})) +
          NamedTensor("ExpandDims:0", proto::Dtype(DataType::kFloat) + proto::Shape({1, 1}) +
                                          proto::PackedFixed<float>(5, {4})) +
          NamedTensor("Cast", FloatsProto({4})) + Spec());
}

TEST_F(SessionRunTest, RunsTargetsWithAndWithoutFetches) {
  ExpectReply(Target("init"), Spec());
  ExpectReply(Target("init") + Target("init") + FeedX() + Fetch("y"),
              NamedTensor("y", FloatsProto({2.5f, 3})) + Spec());
}

TEST_F(SessionRunTest, RunsATargetForItsEffect) {
  const std::string scalar =
      proto::Dtype(DataType::kFloat) + BytesField(2, "") + proto::PackedFixed<float>(5, {10});
  ASSERT_TRUE(Run(Feed("a/Initializer/initial_value", scalar) + Target("a/Assign")).ok());
  ExpectReply(FeedX() + Fetch("y:0"), NamedTensor("y:0", FloatsProto({12, 22})) + Spec());
}

TEST_F(SessionRunTest, ResolvesAliasesOfTheSignatures) {
  ExpectReply(Aliases() + FeedX("x") + Fetch("y"),
              NamedTensor("y", FloatsProto({2.5f, 3})) + Spec());
  ExpectReply(SpecNaming("serving_default") + Aliases() + FeedX("x") + Fetch("y"),
              NamedTensor("y", FloatsProto({2.5f, 3})) + Spec("serving_default"));
  ExpectError(Aliases() + FeedX("x") + Fetch("y:0"), Code::kInvalidArgument,
              "output tensor alias not found in the model's signatures: y:0");
  ExpectError(Aliases() + FeedX("y") + Fetch("y"), Code::kInvalidArgument,
              "input tensor alias not found in the model's signatures: y");
  ExpectError(SpecNaming("nope") + Aliases() + Fetch("y"), Code::kFailedPrecondition,
              "Serving signature key \"nope\" not found.");
  // Without aliases a signature is not looked at.
  EXPECT_TRUE(Run(SpecNaming("nope") + FeedX() + Fetch("y")).ok());
}

TEST_F(SessionRunTest, RefusesAnAliasOfTwoMeanings) {
  Load("test/models/identity/1");
  ExpectError(Aliases() + FeedX("x") + Fetch("y"), Code::kInvalidArgument,
              "alias x stands for different tensors in the model's signatures: set "
              "model_spec.signature_name");
  ExpectReply(SpecNaming("identity_float32") + Aliases() + FeedX("x") + Fetch("y"),
              NamedTensor("y", FloatsProto({1, 2})) + Spec("identity_float32"));
}

TEST_F(SessionRunTest, RefusesNamesTheGraphDoesNotHave) {
  const auto not_in_graph = [](const std::string& name) {
    return "Tensor " + name +
           ", specified in either feed_devices or fetch_devices was not found in the Graph";
  };
  const std::vector<std::pair<std::string, std::string>> names = {
      {"nope:0", "nope:0"},
      {"nope", "nope:0"},
      {"", ":0"},
      {"y:", "y::0"},
      {":0", ":0:0"},
      {"y:0x", "y:0x:0"},
      {"y:-1", "y:-1:0"},
      {"y:99999999999999999999", "y:99999999999999999999:0"},
      {std::string("y\0", 2), std::string("y\0:0", 4)},
      {std::string("y\0:0", 4), std::string("y\0:0", 4)},
  };
  for (const auto& [name, shown] : names) {
    ExpectError(FeedX() + Fetch(name), Code::kInvalidArgument, not_in_graph(shown));
    ExpectError(FeedX(name) + Fetch("y"), Code::kInvalidArgument, not_in_graph(shown));
  }
  ExpectError(Target("nope"), Code::kNotFound,
              "PruneForTargets: Some target nodes not found: nope ");
  EXPECT_EQ(Run(Target(std::string("init\0", 5))).code(), Code::kNotFound);
  ExpectError(Fetch(std::string(10000, 'n')), Code::kInvalidArgument,
              not_in_graph(std::string(4096, 'n')));
}

TEST_F(SessionRunTest, RefusesOutputsAnOperationDoesNotHave) {
  ExpectError(FeedX() + Fetch("y:7"), Code::kOutOfRange,
              "Node 'y' (type: 'AddV2', num of outputs: 1) does not have output 7");
  ExpectError(FeedX() + Fetch("^y"), Code::kOutOfRange,
              "Node 'y' (type: 'AddV2', num of outputs: 1) does not have output -1");
  ExpectError(FeedX("^x") + Fetch("y"), Code::kOutOfRange,
              "Node 'x' (type: 'Placeholder', num of outputs: 1) does not have output -1");
  ExpectError(Fetch("init"), Code::kOutOfRange,
              "Node 'init' (type: 'NoOp', num of outputs: 0) does not have output 0");
}

TEST_F(SessionRunTest, RefusesWhatMakesNoRun) {
  const char nothing[] = "Must specify at least one target to fetch or execute.";
  ExpectError("", Code::kInvalidArgument, nothing);
  ExpectError(FeedX(), Code::kInvalidArgument, nothing);
  ExpectError(FeedX() + FeedX("x") + Fetch("y"), Code::kInvalidArgument,
              "Endpoint \"x:0\" fed more than once.");
  ExpectError(FeedX() + Fetch("x"), Code::kInvalidArgument, "x:0 is both fed and fetched.");
  ExpectError(Feed("x", proto::Dtype(DataType::kString) + proto::Shape({0})) + Fetch("y"),
              Code::kInvalidArgument, "Expects arg[0] to be float but string is provided");
}

TEST_F(SessionRunTest, NeverCrashesOnResources) {
  for (const DataType dtype : {DataType::kResource, DataType::kVariant, DataType::kInvalid}) {
    ExpectError(Feed("a", proto::Dtype(dtype) + BytesField(2, "")) + FeedX() + Fetch("y"),
                Code::kInvalidArgument, "tensor parsing error: a");
  }
  ExpectError(BytesField(2, BytesField(1, "x")) + Fetch("y"), Code::kInvalidArgument,
              "tensor parsing error: x");
  EXPECT_EQ(Run(FeedX("a") + FeedX() + Fetch("y")).code(), Code::kInvalidArgument);
  EXPECT_EQ(Run(Fetch("a")).code(), Code::kUnimplemented);
}

TEST_F(SessionRunTest, EndsARunAtItsTimeout) {
  ExpectReply(Timeout(INT64_MAX) + FeedX() + Fetch("y"),
              NamedTensor("y", FloatsProto({2.5f, 3})) + Spec());
  ExpectReply(Timeout(-1) + FeedX() + Fetch("y"),
              NamedTensor("y", FloatsProto({2.5f, 3})) + Spec());
  Load("test/models/slow/1");
  const std::string iterations =
      proto::Dtype(DataType::kInt32) + proto::Shape({1}) + proto::PackedVarints(7, {INT32_MAX});
  ExpectError(Timeout(1) + FeedX() + Feed("iterations", iterations) + Fetch("y"),
              Code::kDeadlineExceeded, "Timed out waiting for notification");
}

}  // namespace
}  // namespace tensorgate
