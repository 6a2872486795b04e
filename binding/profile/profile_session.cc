#include "profile/profile_session.h"

#include <ctime>
#include <utility>

namespace tensorgate {

int64_t UnixNanos() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

ProfileSession::ProfileSession(Options options) : options_(std::move(options)) {
  MutexLock lock(&mutex_);
  profile_.start_nanos = UnixNanos();
}

bool ProfileSession::Wants(std::string_view model) {
  if (has_ended() || (!options_.model.empty() && options_.model != model)) return false;
  if (!is_full_.load(std::memory_order_relaxed)) return true;
  left_out_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void ProfileSession::Add(RunProfile run) {
  // Room for growth would count as much as what is there.
  run.ops.shrink_to_fit();
  run.names.shrink_to_fit();
  const size_t bytes = run.bytes();
  MutexLock lock(&mutex_);
  if (has_ended()) return;
  if (bytes > options_.max_bytes - bytes_ || run.ops.size() > options_.max_ops - profile_.ops) {
    is_full_.store(true, std::memory_order_relaxed);
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  bytes_ += bytes;
  profile_.ops += run.ops.size();
  profile_.runs.push_back(std::move(run));
}

void ProfileSession::End() {
  MutexLock lock(&mutex_);
  if (has_ended_.exchange(true, std::memory_order_relaxed)) return;
  profile_.end_nanos = UnixNanos();
}

Profile ProfileSession::Take() {
  End();
  MutexLock lock(&mutex_);
  profile_.left_out = left_out_.load(std::memory_order_relaxed);
  return std::move(profile_);
}

}  // namespace tensorgate
