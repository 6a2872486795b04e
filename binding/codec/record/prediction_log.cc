#include "codec/record/prediction_log.h"

#include "codec/proto/example_request.h"
#include "codec/proto/predict_proto.h"
#include "codec/proto/wire.h"

namespace tensorgate {
namespace {

// Of every log type.
constexpr uint32_t kRequestField = 1;
constexpr uint32_t kResponseField = 2;

constexpr uint32_t kLogMetadataField = 1;  // of PredictionLog
constexpr uint32_t kMetadataSpecField = 1;
constexpr uint32_t kMetadataSecondsField = 4;
constexpr uint32_t kLoggedNameField = 1;  // of ModelSpec
constexpr uint32_t kLoggedVersionField = 2;
constexpr uint32_t kInt64ValueField = 1;

bool IsLogType(uint32_t field) {
  return field >= static_cast<uint32_t>(LogType::kClassify) &&
         field <= static_cast<uint32_t>(LogType::kPredictStreamed);
}

// Field 1 of one of the log messages; several are left as the last one.
Status ReadRequest(std::string_view message, std::string_view* request) {
  WireReader reader(message);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("PredictionLog.log_type");
    const bool is_request = field == kRequestField && type == WireType::kBytes;
    if (!(is_request ? reader.ReadBytes(request) : reader.Skip(field, type))) {
      return reader.Error("PredictionLog.log_type");
    }
  }
  return Status();
}

Status CheckRequest(const PredictionLogView& log) {
  PredictRequestView predict;
  ExampleRequest examples;
  DecodeBudget budget{DecodeLimits()};
  switch (log.type) {
    case LogType::kPredict:
      return ParsePredictRequest(log.request, &predict);
    case LogType::kClassify:
    case LogType::kRegress:
      return ParseExampleRequest(log.request, &budget, &examples);
    case LogType::kMultiInference:
      return ParseMultiInferenceRequest(log.request, &budget, &examples);
    case LogType::kNone:
    case LogType::kSessionRun:
    case LogType::kPredictStreamed:
      return Status();
  }
  return Status();
}

}  // namespace

Status ParsePredictionLog(std::string_view record, PredictionLogView* log) {
  *log = PredictionLogView();
  WireReader reader(record);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return reader.Error("PredictionLog");
    if (!IsLogType(field) || type != WireType::kBytes) {
      if (!reader.Skip(field, type)) return reader.Error("PredictionLog");
      continue;
    }
    std::string_view message;
    if (!reader.ReadBytes(&message)) return reader.Error("PredictionLog");
    *log = PredictionLogView();
    log->type = static_cast<LogType>(field);
    const Status status = ReadRequest(message, &log->request);
    if (!status.ok()) return status;
  }
  return CheckRequest(*log);
}

void EncodePredictionLog(const PredictionLogParts& parts, OutputBuffer* out) {
  const uint64_t version = static_cast<uint64_t>(parts.version);
  const uint64_t seconds = static_cast<uint64_t>(parts.timestamp_secs);
  const size_t value = 1 + VarintSize(version);
  const size_t spec = 1 + PrefixedSize(parts.model_name.size()) + 1 + PrefixedSize(value);
  const size_t metadata = 1 + PrefixedSize(spec) + 1 + VarintSize(seconds) + parts.metadata.size();
  const size_t response = parts.response.empty() ? 0 : 1 + PrefixedSize(parts.response.size());
  const size_t log = 1 + PrefixedSize(parts.request.size()) + response;
  WireWriter writer(out, 1 + PrefixedSize(metadata) + 1 + PrefixedSize(log));
  writer.Prefix(kLogMetadataField, metadata);
  writer.Prefix(kMetadataSpecField, spec);
  writer.Bytes(kLoggedNameField, parts.model_name);
  writer.Prefix(kLoggedVersionField, value);
  writer.ShortTag(kInt64ValueField, WireType::kVarint);
  writer.Varint(version);
  writer.ShortTag(kMetadataSecondsField, WireType::kVarint);
  writer.Varint(seconds);
  writer.Raw(parts.metadata.data(), parts.metadata.size());
  writer.Prefix(static_cast<uint32_t>(parts.type), log);
  writer.Bytes(kRequestField, parts.request);
  if (!parts.response.empty()) writer.Bytes(kResponseField, parts.response);
  writer.Done();
}

}  // namespace tensorgate
