// LoggedRequest: a request that was sampled, from its bytes to the record that is written of it.
// Holds a part of the LogWriter's memory as long as it lives. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "codec/method.h"
#include "codec/output_buffer.h"

namespace tensorgate {

class LogWriter;
class ModelLogger;
class WarmupRecording;

// Where the records of a model go, and what each of them says.
struct LogDestination {
  std::string path_prefix;  // of the files: an absolute path and the beginning of their names
  std::string metadata;     // serialized fields of LogMetadata
};

class LoggedRequest {
 public:
  LoggedRequest(LogWriter* writer, ModelLogger* of_model) : logger(of_model), writer_(writer) {}
  ~LoggedRequest();
  LoggedRequest(const LoggedRequest&) = delete;
  LoggedRequest& operator=(const LoggedRequest&) = delete;

  // Takes as much of the writer's memory; false: there is not enough left.
  bool Reserve(size_t bytes);
  size_t reserved() const { return reserved_; }

  ModelLogger* const logger;
  std::shared_ptr<const LogDestination> destination;  // null: not for a file
  std::shared_ptr<WarmupRecording> recording;         // null: not for it
  uint64_t shape = 0;                                 // as `recording` tells shapes apart
  Method method = Method::kPredict;
  int64_t version = 0;
  int64_t timestamp_secs = 0;
  OutputBuffer request;   // serialized, as gRPC has it
  OutputBuffer response;  // likewise; needed with a destination only

 private:
  LogWriter* const writer_;
  size_t reserved_ = 0;
};

}  // namespace tensorgate
