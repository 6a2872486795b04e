#include "logging/warmup_recording.h"

#include <utility>

#include "logging/log_record.h"

namespace tensorgate {

bool WarmupRecording::HasRoom(uint64_t shape) {
  if (counts_.full) return false;
  if (limits_.per_shape == 0) return true;
  const auto found = of_shape_.find(shape);
  return found == of_shape_.end() || found->second < limits_.per_shape;
}

bool WarmupRecording::Wants(uint64_t shape) {
  const MutexLock lock(&mutex_);
  ++counts_.seen;
  return HasRoom(shape);
}

void WarmupRecording::Add(const LoggedRequest& request) {
  const MutexLock lock(&mutex_);
  if (!HasRoom(request.shape)) return;  // others of its shape were answered meanwhile
  OutputBuffer record;
  AppendLogRecord(request, /*with_response=*/false, &record);
  if (file_.size() + record.size() > limits_.bytes) {
    counts_.full = true;
    return;
  }
  file_.Append(record.view());
  ++of_shape_[request.shape];
  ++counts_.records;
  counts_.full = counts_.records == limits_.records;
}

WarmupRecording::Counts WarmupRecording::Read() {
  const MutexLock lock(&mutex_);
  return counts_;
}

OutputBuffer WarmupRecording::Take() {
  const MutexLock lock(&mutex_);
  counts_.full = true;
  return std::move(file_);
}

}  // namespace tensorgate
