// tensorflow.serving.PredictionLog on the protobuf wire: which request a record holds, and its
// bytes in place, where responses and log metadata are not looked at; and records as they are
// written. No state; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "codec/output_buffer.h"
#include "status/status.h"

namespace tensorgate {

// The field numbers of the oneof log_type.
enum class LogType : uint32_t {
  kNone = 0,
  kClassify = 2,
  kRegress = 3,
  kMultiInference = 4,
  kSessionRun = 5,
  kPredict = 6,
  kPredictStreamed = 7,
};

struct PredictionLogView {
  LogType type = LogType::kNone;
  std::string_view request;  // serialized; empty where the log has none
};

// Of several log types the last one counts. The requests of kClassify, kRegress, kMultiInference
// and kPredict are well-formed afterwards, down to TensorProtos and Examples, which are not read.
// OWNERSHIP: the view points into `record`. ERRORS: INVALID_ARGUMENT on a malformed wire.
Status ParsePredictionLog(std::string_view record, PredictionLogView* log);

// What a record is made of; requests and responses are serialized and go in as they are.
struct PredictionLogParts {
  LogType type = LogType::kPredict;
  std::string_view request;
  std::string_view response;  // empty: left out
  // LogMetadata: model_spec {name, version} and timestamp_secs, and further fields, serialized.
  std::string_view model_name;
  int64_t version = 0;
  int64_t timestamp_secs = 0;
  std::string_view metadata;
};

// Adds a PredictionLog to `out`.
void EncodePredictionLog(const PredictionLogParts& parts, OutputBuffer* out);

}  // namespace tensorgate
