// SessionRunRequest and SessionRunResponse around their tensors.
#include "codec/proto/session_run_proto.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto_builder.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using proto::VarintField;

std::string Feed(std::string_view name, std::string_view tensor) {
  return BytesField(2, BytesField(1, name) + BytesField(2, tensor));
}
std::string Fetch(std::string_view name) { return BytesField(3, name); }
std::string Target(std::string_view name) { return BytesField(4, name); }
std::string Options(std::string_view options) { return BytesField(5, options); }

Status Parse(const std::string& body) {
  SessionRunRequestView request;
  return ParseSessionRunRequest(body, &request);
}

TEST(ParseSessionRunRequest, ReadsEveryField) {
  const std::string body =
      BytesField(1, BytesField(1, "m") + BytesField(3, "sig")) + Feed("x:0", "tensor") +
      Feed("x:0", "") + Fetch("y") + Fetch("y:0") + Target("init") +
      Options(VarintField(2, 1500) + VarintField(3, 1) + BytesField(8, VarintField(2, 1))) +
      VarintField(6, 1) + VarintField(100, 7);
  SessionRunRequestView request;
  ASSERT_TRUE(ParseSessionRunRequest(body, &request).ok());
  EXPECT_EQ(request.model_spec.name, "m");
  EXPECT_EQ(request.model_spec.signature_name, "sig");
  ASSERT_EQ(request.feeds.size(), 2u);
  EXPECT_EQ(request.feeds[0].first, "x:0");
  EXPECT_EQ(request.feeds[0].second, "tensor");
  EXPECT_EQ(request.fetches, (std::vector<std::string_view>{"y", "y:0"}));
  EXPECT_EQ(request.targets, (std::vector<std::string_view>{"init"}));
  EXPECT_EQ(request.timeout_millis, 1500);
  EXPECT_TRUE(request.names_are_aliases);
}

TEST(ParseSessionRunRequest, TakesAnEmptyBody) {
  SessionRunRequestView request;
  ASSERT_TRUE(ParseSessionRunRequest("", &request).ok());
  EXPECT_FALSE(request.model_spec.present);
  EXPECT_TRUE(request.fetches.empty());
  EXPECT_FALSE(request.names_are_aliases);
}

TEST(ParseSessionRunRequest, RefusesOptionsThatAskForMetadata) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {VarintField(1, 3), "options.trace_level is not supported"},
      {VarintField(5, 1), "options.output_partition_graphs is not supported"},
      {BytesField(6, "x"), "options.debug_options is not supported"},
  };
  for (const auto& [options, message] : cases) {
    const Status status = Parse(Options(options));
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_EQ(status.message(), message);
  }
  EXPECT_TRUE(Parse(Options(VarintField(1, 0) + VarintField(5, 0) + BytesField(6, ""))).ok());
}

TEST(ParseSessionRunRequest, BoundsTheNumberOfNames) {
  for (const auto& [field, what] :
       std::vector<std::pair<uint32_t, std::string>>{{2, "feed"}, {3, "fetch"}, {4, "target"}}) {
    std::string body;
    for (size_t i = 0; i < kMaxSessionRunNames; ++i) body += BytesField(field, "");
    EXPECT_TRUE(Parse(body).ok());
    body += BytesField(field, "");
    EXPECT_EQ(Parse(body).message(), "SessionRunRequest: more than 4096 in " + what);
  }
}

TEST(ParseSessionRunRequest, RefusesWhatIsNoMessage) {
  EXPECT_EQ(Parse(Fetch("\xff")).message(), "fetch: not valid UTF-8");
  EXPECT_EQ(Parse(Target("\xff")).message(), "target: not valid UTF-8");
  EXPECT_EQ(Parse(Feed("\xff", "")).message(), "feed name: not valid UTF-8");
  EXPECT_EQ(Parse(BytesField(2, BytesField(2, "") + BytesField(2, ""))).message(),
            "feed: more than one tensor");
  for (const std::string& body :
       {std::string("\x1a\x05"), BytesField(2, "\x0a"), Options("\x10"), Options("\x15"),
        std::string("\x30"), BytesField(1, "\xff"), std::string("\x04")}) {
    EXPECT_EQ(Parse(body).code(), Code::kInvalidArgument) << body.size();
  }
}

class EncodeSessionRunResponseTest : public testing::Test {
 protected:
  EncodeSessionRunResponseTest() {
    tensor_.dtype = DataType::kFloat;
    tensor_.dims = &dim_;
    tensor_.rank = 1;
    tensor_.elements = dim_;
    tensor_.data = values_;
  }
  const float values_[2] = {1.5f, -2.0f};
  const int64_t dim_ = 2;
  TensorView tensor_;
  const std::string proto_ =
      proto::Dtype(DataType::kFloat) + proto::Shape({2}) + proto::PackedFixed<float>(5, {1.5f, -2});
  OutputBuffer out_;
};

TEST_F(EncodeSessionRunResponseTest, WritesTensorsInOrderThenTheSpec) {
  const std::vector<NamedTensorView> tensors = {{"y:0", tensor_}, {"y", tensor_}};
  ASSERT_TRUE(
      EncodeSessionRunResponse("m", 3, "", tensors, kMaxSessionRunResponseBytes, &out_).ok());
  EXPECT_EQ(out_.view(), BytesField(1, BytesField(1, "y:0") + BytesField(2, proto_)) +
                             BytesField(1, BytesField(1, "y") + BytesField(2, proto_)) +
                             BytesField(3, BytesField(1, "m") + BytesField(2, VarintField(1, 3))));
}

TEST_F(EncodeSessionRunResponseTest, WritesTheSpecAlone) {
  ASSERT_TRUE(EncodeSessionRunResponse("m", 0, "s", {}, 100, &out_).ok());
  EXPECT_EQ(out_.view(),
            BytesField(3, BytesField(1, "m") + BytesField(2, "") + BytesField(3, "s")));
}

TEST_F(EncodeSessionRunResponseTest, KeepsToItsLimit) {
  const std::vector<NamedTensorView> tensors(5, {"y", tensor_});
  ASSERT_TRUE(EncodeSessionRunResponse("m", 3, "", tensors, 1000, &out_).ok());
  const size_t size = out_.size();
  out_.Clear();
  EXPECT_TRUE(EncodeSessionRunResponse("m", 3, "", tensors, size, &out_).ok());
  out_.Clear();
  const Status status = EncodeSessionRunResponse("m", 3, "", tensors, size - 1, &out_);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(out_.size(), 0u);
}

TEST_F(EncodeSessionRunResponseTest, RefusesAResource) {
  tensor_.dtype = DataType::kResource;
  const Status status = EncodeSessionRunResponse("m", 3, "", {{"y", tensor_}}, 1000, &out_);
  EXPECT_EQ(status.code(), Code::kUnimplemented);
  EXPECT_EQ(out_.size(), 0u);
}

}  // namespace
}  // namespace tensorgate
