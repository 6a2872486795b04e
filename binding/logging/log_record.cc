#include "logging/log_record.h"

#include "codec/record/prediction_log.h"
#include "codec/record/tf_record.h"
#include "logging/model_logger.h"

namespace tensorgate {
namespace {

LogType LogTypeOf(Method method) {
  switch (method) {
    case Method::kPredict:
      return LogType::kPredict;
    case Method::kClassify:
      return LogType::kClassify;
    case Method::kRegress:
      return LogType::kRegress;
    case Method::kMultiInference:
      return LogType::kMultiInference;
    case Method::kSessionRun:
      return LogType::kSessionRun;
  }
  return LogType::kNone;
}

}  // namespace

void AppendLogRecord(const LoggedRequest& request, bool with_response, OutputBuffer* out) {
  PredictionLogParts parts;
  parts.type = LogTypeOf(request.method);
  parts.request = request.request.view();
  if (with_response) parts.response = request.response.view();
  parts.model_name = request.logger->name;
  parts.version = request.version;
  parts.timestamp_secs = request.timestamp_secs;
  if (request.destination != nullptr) parts.metadata = request.destination->metadata;
  const size_t begin = BeginTfRecord(out);
  EncodePredictionLog(parts, out);
  EndTfRecord(begin, out);
}

}  // namespace tensorgate
