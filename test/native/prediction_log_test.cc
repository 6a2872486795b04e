#include "codec/record/prediction_log.h"

#include <gtest/gtest.h>

#include <string>

#include "proto_builder.h"

namespace tensorgate {
namespace {

using proto::BytesField;
using proto::VarintField;

constexpr uint32_t kRequest = 1;
constexpr uint32_t kResponse = 2;

std::string ModelSpec() { return BytesField(1, BytesField(1, "m") + BytesField(3, "sign")); }

TEST(ParsePredictionLogTest, FindsTheRequestOfEachLogType) {
  for (const LogType type : {LogType::kClassify, LogType::kRegress, LogType::kMultiInference,
                             LogType::kPredict, LogType::kSessionRun, LogType::kPredictStreamed}) {
    const uint32_t field = static_cast<uint32_t>(type);
    SCOPED_TRACE(field);
    // MultiInference's field 1 is a task, of which an empty one is well-formed.
    const std::string request = type == LogType::kMultiInference ? BytesField(1, "") : ModelSpec();
    const std::string log = BytesField(kRequest, request) + BytesField(kResponse, "\x80");
    const std::string record = BytesField(1, "\xff") + BytesField(field, log);
    PredictionLogView view;
    ASSERT_TRUE(ParsePredictionLog(record, &view).ok());
    EXPECT_EQ(view.type, type);
    EXPECT_EQ(view.request, request);
  }
}

TEST(ParsePredictionLogTest, TakesRecordsWithoutALogType) {
  PredictionLogView view;
  for (const std::string& record :
       {std::string(), BytesField(1, "metadata"), BytesField(8, "later"), VarintField(6, 1)}) {
    view.type = LogType::kPredict;
    ASSERT_TRUE(ParsePredictionLog(record, &view).ok());
    EXPECT_EQ(view.type, LogType::kNone);
    EXPECT_TRUE(view.request.empty());
  }
}

TEST(ParsePredictionLogTest, TakesALogWithoutARequest) {
  PredictionLogView view;
  ASSERT_TRUE(ParsePredictionLog(BytesField(6, BytesField(kResponse, "x")), &view).ok());
  EXPECT_EQ(view.type, LogType::kPredict);
  EXPECT_TRUE(view.request.empty());
}

TEST(ParsePredictionLogTest, LetsTheLastLogTypeCount) {
  PredictionLogView view;
  const std::string classify = BytesField(2, BytesField(kRequest, ModelSpec()));
  ASSERT_TRUE(ParsePredictionLog(classify + BytesField(6, ""), &view).ok());
  EXPECT_EQ(view.type, LogType::kPredict);
  EXPECT_TRUE(view.request.empty());
}

TEST(ParsePredictionLogTest, RefusesAMalformedWireAtEveryLevel) {
  const std::string cut(
      "\x0a\x05"
      "ab");  // five bytes announced, two there
  PredictionLogView view;
  for (const std::string& record : {
           std::string("no protobuf"),
           cut,
           BytesField(6, cut),                        // the log
           BytesField(6, BytesField(kRequest, cut)),  // the request
           BytesField(2, BytesField(kRequest, cut)),
           BytesField(3, BytesField(kRequest, cut)),
           BytesField(4, BytesField(kRequest, cut)),
           BytesField(6, BytesField(kRequest, BytesField(1, BytesField(1, "\xff")))),  // no UTF-8
       }) {
    EXPECT_EQ(ParsePredictionLog(record, &view).code(), Code::kInvalidArgument);
  }
  // Of these nothing runs, so nothing is read.
  EXPECT_TRUE(ParsePredictionLog(BytesField(5, BytesField(kRequest, cut)), &view).ok());
}

TEST(ParsePredictionLogTest, SurvivesARecordCutAnywhere) {
  const std::string record =
      BytesField(1, "metadata") +
      BytesField(6, BytesField(kRequest, ModelSpec()) + BytesField(kResponse, "response"));
  for (size_t size = 0; size <= record.size(); ++size) {
    PredictionLogView view;
    const Status status = ParsePredictionLog(std::string_view(record).substr(0, size), &view);
    EXPECT_EQ(status.ok(), size == 0 || size == 10 || size == record.size()) << size;
  }
}

TEST(EncodePredictionLogTest, WritesRequestAndResponseAsTheyAre) {
  PredictionLogParts parts;
  parts.type = LogType::kRegress;
  parts.request = "request";
  parts.response = "response";
  parts.model_name = "m";
  parts.version = 300;
  parts.timestamp_secs = 1;
  const std::string metadata = BytesField(2, "sampling");
  parts.metadata = metadata;
  OutputBuffer out;
  EncodePredictionLog(parts, &out);
  const std::string spec = BytesField(1, "m") + BytesField(2, VarintField(1, 300));
  EXPECT_EQ(out.view(), BytesField(1, BytesField(1, spec) + VarintField(4, 1) + metadata) +
                            BytesField(3, BytesField(1, "request") + BytesField(2, "response")));
}

TEST(EncodePredictionLogTest, LeavesOutAResponseThatThereIsNone) {
  const std::string request = ModelSpec();
  PredictionLogParts parts;
  parts.request = request;
  OutputBuffer out;
  EncodePredictionLog(parts, &out);
  PredictionLogView view;
  ASSERT_TRUE(ParsePredictionLog(out.view(), &view).ok());
  EXPECT_EQ(view.type, LogType::kPredict);
  EXPECT_EQ(view.request, ModelSpec());
  const std::string log = BytesField(6, BytesField(1, ModelSpec()));
  EXPECT_EQ(out.view().substr(out.size() - log.size()), log);
}

}  // namespace
}  // namespace tensorgate
