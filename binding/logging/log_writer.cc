#include "logging/log_writer.h"

#include <pthread.h>

#include <chrono>
#include <thread>
#include <utility>

#include "logging/log_record.h"
#include "logging/model_logger.h"

namespace tensorgate {
namespace {

// One wake-up for what comes within this time, unless more than so much has come.
constexpr std::chrono::milliseconds kGather{100};
constexpr size_t kHurryBytes = 1 << 20;
// How often files are looked at that may have become old.
constexpr std::chrono::milliseconds kLook{500};
// Kept for the next record.
constexpr size_t kKeptRecordBytes = 4 << 20;

}  // namespace

LogWriter& LogWriter::Process() {
  static auto* const writer = new LogWriter();  // its thread may outlive static destruction
  return *writer;
}

void LogWriter::Configure(const LogLimits& limits, std::set<std::string> prefixes) {
  queue_bytes_.store(limits.queue_bytes, std::memory_order_relaxed);
  const MutexLock lock(&mutex_);
  limits_ = limits.files;
  prefixes_ = std::move(prefixes);
  wake_.NotifyOne();
}

bool LogWriter::Reserve(size_t bytes) {
  const size_t limit = queue_bytes_.load(std::memory_order_relaxed);
  if (bytes > limit) return false;
  if (reserved_.fetch_add(bytes, std::memory_order_relaxed) <= limit - bytes) return true;
  Release(bytes);
  return false;
}

void LogWriter::Push(std::unique_ptr<LoggedRequest> request) {
  const MutexLock lock(&mutex_);
  StartThread();
  const bool was_empty = queue_.empty();
  queued_bytes_ += request->reserved();
  queue_.push_back(std::move(request));
  const bool hurries = queued_bytes_ > kHurryBytes && !hurries_;
  if (hurries) hurries_ = true;
  if (was_empty || hurries) wake_.NotifyOne();
}

void LogWriter::Flush() {
  const MutexLock lock(&mutex_);
  if (!started_) return;
  const uint64_t mine = ++asked_;
  hurries_ = true;
  wake_.NotifyOne();
  while (done_ < mine) flushed_.Wait(&mutex_);
}

void LogWriter::StartThread() {
  if (started_) return;
  started_ = true;
  std::thread thread(&LogWriter::Work, this);
  pthread_setname_np(thread.native_handle(), "tensorgate-log");
  thread.detach();
}

void LogWriter::AwaitSome() {
  while (queue_.empty() && done_ == asked_) {
    if (!has_open_files_) {
      wake_.Wait(&mutex_);
    } else {
      wake_.WaitFor(&mutex_, kLook);
      return;
    }
  }
  if (!hurries_) wake_.WaitFor(&mutex_, kGather);
}

void LogWriter::Work() {
  for (;;) {
    Requests requests;
    uint64_t asked;
    {
      const MutexLock lock(&mutex_);
      AwaitSome();
      requests.swap(queue_);
      queued_bytes_ = 0;
      hurries_ = false;
      asked = asked_;
      limits_now_ = limits_;
      prefixes_now_ = prefixes_;
    }
    for (std::unique_ptr<LoggedRequest>& request : requests) {
      Write(*request);
      request.reset();  // and with it its part of the memory
    }
    EndFiles();
    const MutexLock lock(&mutex_);
    done_ = asked;
    flushed_.NotifyAll();
  }
}

void LogWriter::Write(const LoggedRequest& request) {
  record_.Clear();
  AppendLogRecord(request, /*with_response=*/true, &record_);
  std::unique_ptr<RecordFiles>& files = files_[request.destination->path_prefix];
  if (files == nullptr) {
    files = std::make_unique<RecordFiles>(request.destination->path_prefix, limits_now_);
  }
  std::string error;
  if (files->Append(record_.view(), &error)) {
    request.logger->CountWritten(files->total_bytes());
  } else {
    request.logger->CountFailed(error);
  }
  if (record_.capacity() > kKeptRecordBytes) record_ = OutputBuffer();
}

void LogWriter::EndFiles() {
  has_open_files_ = false;
  for (auto at = files_.begin(); at != files_.end();) {
    if (prefixes_now_.count(at->first) == 0) {
      at = files_.erase(at);  // which ends its file
      continue;
    }
    at->second->set_limits(limits_now_);
    at->second->EndIfOld();
    has_open_files_ = has_open_files_ || at->second->is_open();
    ++at;
  }
}

}  // namespace tensorgate
