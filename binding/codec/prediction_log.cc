#include "codec/prediction_log.h"

#include "codec/example_request.h"
#include "codec/predict_proto.h"
#include "codec/wire.h"

namespace tensorgate {
namespace {

constexpr uint32_t kRequestField = 1;  // of every log type

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

}  // namespace tensorgate
