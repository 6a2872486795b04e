// ModelLogger: which requests of a model are logged, and what became of them. One for each model
// name, of all its versions, owned by the process and never forgotten: requests find theirs without
// a lock. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "logging/logged_request.h"
#include "logging/warmup_recording.h"
#include "pool/mutex.h"
#include "random/random_share.h"

namespace tensorgate {

class ModelLogger {
 public:
  explicit ModelLogger(std::string model_name) : name(std::move(model_name)) {}

  // From now on that share of the requests is logged, 0 to 1; null: none.
  void Configure(std::shared_ptr<const LogDestination> destination, double sampling_rate);

  // Whether the next request is to be logged: one load where nothing is.
  bool Samples() { return InShare(threshold_.load(std::memory_order_relaxed)); }

  // Whether requests are recorded for a warm-up: Begin() then needs their shapes.
  bool is_recording() const { return is_recording_.load(std::memory_order_relaxed); }

  // For a request that Samples(), of which `bytes` are to be kept; null: nobody wants it any more,
  // or there is no room for it. Without a `shape` it is not recorded.
  std::unique_ptr<LoggedRequest> Begin(Method method, int64_t version,
                                       std::optional<uint64_t> shape, size_t bytes);
  // It has its answer: from here on it is the recording's and the writer's.
  void End(std::unique_ptr<LoggedRequest> request);

  void CountWritten(uint64_t bytes_on_disk);
  void CountDropped() { dropped_.fetch_add(1, std::memory_order_relaxed); }
  // It could not be written; `error` is why.
  void CountFailed(const std::string& error);
  void SetDiskBytes(uint64_t bytes) { disk_bytes_.store(bytes, std::memory_order_relaxed); }

  // Records requests, whatever the sampling rate; false: that is being done. Until Stop().
  bool StartRecording(std::shared_ptr<WarmupRecording> recording);
  std::shared_ptr<WarmupRecording> recording();
  void StopRecording();

  struct Counts {
    uint64_t written = 0;
    uint64_t dropped = 0;  // no room in memory
    uint64_t failed = 0;
    uint64_t disk_bytes = 0;
    std::string last_error;
  };
  Counts Read();

  const std::string name;

 private:
  void SetThreshold() REQUIRES_LOCK(mutex_);

  std::atomic<uint64_t> threshold_{0};  // of 2^64; of those that are looked at
  std::atomic<bool> is_recording_{false};
  std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> dropped_{0};
  std::atomic<uint64_t> failed_{0};
  std::atomic<uint64_t> disk_bytes_{0};
  Mutex mutex_;
  std::shared_ptr<const LogDestination> destination_ GUARDED_BY(mutex_);
  uint64_t to_files_ GUARDED_BY(mutex_) = 0;  // of 2^64
  std::shared_ptr<WarmupRecording> recording_ GUARDED_BY(mutex_);
  std::string last_error_ GUARDED_BY(mutex_);
};

class ModelLoggers {
 public:
  static ModelLoggers& Process();

  // OWNERSHIP: stays valid for ever. Takes a lock: once per load, never per request.
  ModelLogger* Of(const std::string& name);
  std::vector<ModelLogger*> All();

 private:
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<ModelLogger>> loggers_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate
