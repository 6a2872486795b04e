#include "logging/model_logger.h"

#include <utility>

#include "logging/log_writer.h"

namespace tensorgate {
LoggedRequest::~LoggedRequest() { writer_->Release(reserved_); }

bool LoggedRequest::Reserve(size_t bytes) {
  if (!writer_->Reserve(bytes)) return false;
  reserved_ += bytes;
  return true;
}

void ModelLogger::Configure(std::shared_ptr<const LogDestination> destination,
                            double sampling_rate) {
  const MutexLock lock(&mutex_);
  to_files_ = destination == nullptr ? 0 : ShareThreshold(sampling_rate);
  destination_ = std::move(destination);
  SetThreshold();
}

bool ModelLogger::StartRecording(std::shared_ptr<WarmupRecording> recording) {
  const MutexLock lock(&mutex_);
  if (recording_ != nullptr) return false;
  recording_ = std::move(recording);
  SetThreshold();
  return true;
}

std::shared_ptr<WarmupRecording> ModelLogger::recording() {
  const MutexLock lock(&mutex_);
  return recording_;
}

void ModelLogger::StopRecording() {
  const MutexLock lock(&mutex_);
  recording_.reset();
  SetThreshold();
}

void ModelLogger::SetThreshold() {
  const bool records = recording_ != nullptr;
  is_recording_.store(records, std::memory_order_relaxed);
  threshold_.store(records ? kShareOfAll : to_files_, std::memory_order_relaxed);
}

std::unique_ptr<LoggedRequest> ModelLogger::Begin(Method method, int64_t version,
                                                  std::optional<uint64_t> shape, size_t bytes) {
  auto request = std::make_unique<LoggedRequest>(&LogWriter::Process(), this);
  {
    const MutexLock lock(&mutex_);
    // With a recording all requests come here, and the share is yet to be drawn.
    const bool to_file =
        recording_ == nullptr ? to_files_ != 0 : to_files_ != 0 && InShare(to_files_);
    if (to_file) request->destination = destination_;
    request->recording = recording_;
  }
  const bool is_wanted =
      shape && request->recording != nullptr && request->recording->Wants(*shape);
  if (!is_wanted) {
    request->recording.reset();
  }
  if (request->destination == nullptr && request->recording == nullptr) return nullptr;
  if (!request->Reserve(bytes)) {
    if (request->destination != nullptr) CountDropped();
    return nullptr;
  }
  request->shape = shape.value_or(0);
  request->method = method;
  request->version = version;
  request->timestamp_secs = std::chrono::duration_cast<std::chrono::seconds>(
                                std::chrono::system_clock::now().time_since_epoch())
                                .count();
  return request;
}

void ModelLogger::End(std::unique_ptr<LoggedRequest> request) {
  if (request->recording != nullptr) request->recording->Add(*request);
  if (request->destination != nullptr) LogWriter::Process().Push(std::move(request));
}

void ModelLogger::CountWritten(uint64_t bytes_on_disk) {
  written_.fetch_add(1, std::memory_order_relaxed);
  SetDiskBytes(bytes_on_disk);
}

void ModelLogger::CountFailed(const std::string& error) {
  failed_.fetch_add(1, std::memory_order_relaxed);
  const MutexLock lock(&mutex_);
  last_error_ = error;
}

ModelLogger::Counts ModelLogger::Read() {
  Counts counts;
  counts.written = written_.load(std::memory_order_relaxed);
  counts.dropped = dropped_.load(std::memory_order_relaxed);
  counts.failed = failed_.load(std::memory_order_relaxed);
  counts.disk_bytes = disk_bytes_.load(std::memory_order_relaxed);
  const MutexLock lock(&mutex_);
  counts.last_error = last_error_;
  return counts;
}

ModelLoggers& ModelLoggers::Process() {
  static auto* const loggers = new ModelLoggers();  // runs may outlive static destruction
  return *loggers;
}

ModelLogger* ModelLoggers::Of(const std::string& name) {
  const MutexLock lock(&mutex_);
  std::unique_ptr<ModelLogger>& logger = loggers_[name];
  if (logger == nullptr) logger = std::make_unique<ModelLogger>(name);
  return logger.get();
}

std::vector<ModelLogger*> ModelLoggers::All() {
  const MutexLock lock(&mutex_);
  std::vector<ModelLogger*> all;
  all.reserve(loggers_.size());
  for (const auto& [name, logger] : loggers_) all.push_back(logger.get());
  return all;
}

}  // namespace tensorgate
