// LogWriter: the records of logged requests, queued in memory within a bound and written by one
// thread of its own, which makes the records, and alone touches the files. One for the process, for
// all models and all I/O threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "codec/output_buffer.h"
#include "logging/logged_request.h"
#include "logging/record_files.h"
#include "pool/mutex.h"

namespace tensorgate {

struct LogLimits {
  size_t queue_bytes = 0;  // of all requests that are sampled and not yet written
  RecordFileLimits files;  // of each model
};

class LogWriter {
 public:
  static LogWriter& Process();

  // The files of other prefixes are ended when what is queued for them is written. Any thread.
  void Configure(const LogLimits& limits, std::set<std::string> prefixes);

  // A part of `queue_bytes`. THREAD: any, without a lock.
  bool Reserve(size_t bytes);
  void Release(size_t bytes) { reserved_.fetch_sub(bytes, std::memory_order_relaxed); }

  // Never waits for the disk. THREAD: any.
  void Push(std::unique_ptr<LoggedRequest> request);

  // Blocks until all that was pushed before is written, and the files are ended that are not
  // configured any more. THREAD: any that may wait.
  void Flush();

 private:
  using Requests = std::vector<std::unique_ptr<LoggedRequest>>;

  void Work();
  void StartThread() REQUIRES_LOCK(mutex_);
  // Waits until there is something to write, and a little for company.
  void AwaitSome() REQUIRES_LOCK(mutex_);
  void Write(const LoggedRequest& request);
  // Ends the files that are old enough, and those of prefixes that are not wanted.
  void EndFiles();

  std::atomic<size_t> queue_bytes_{64 << 20};  // until it is configured
  std::atomic<size_t> reserved_{0};

  Mutex mutex_;
  CondVar wake_;
  CondVar flushed_;
  bool started_ GUARDED_BY(mutex_) = false;
  Requests queue_ GUARDED_BY(mutex_);
  size_t queued_bytes_ GUARDED_BY(mutex_) = 0;
  bool hurries_ GUARDED_BY(mutex_) = false;
  uint64_t asked_ GUARDED_BY(mutex_) = 0;  // flushes, and how many of them are done
  uint64_t done_ GUARDED_BY(mutex_) = 0;
  RecordFileLimits limits_ GUARDED_BY(mutex_);
  std::set<std::string> prefixes_ GUARDED_BY(mutex_);

  // Of the writer's thread.
  std::map<std::string, std::unique_ptr<RecordFiles>> files_;
  RecordFileLimits limits_now_;
  std::set<std::string> prefixes_now_;
  bool has_open_files_ = false;
  OutputBuffer record_;
};

}  // namespace tensorgate
