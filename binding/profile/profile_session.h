// ProfileSession: the runs of one profile, from its start until it is asked for them. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pool/mutex.h"
#include "profile/run_profile.h"

namespace tensorgate {

// What a session has taken.
struct Profile {
  int64_t start_nanos = 0;  // since 1970
  int64_t end_nanos = 0;
  std::vector<RunProfile> runs;
  uint64_t ops = 0;       // of all of them
  uint64_t left_out = 0;  // runs that came when it was full
};

class ProfileSession {
 public:
  struct Options {
    std::string id;     // by which it may be ended
    std::string model;  // empty: all models
    size_t max_ops = 0;
    size_t max_bytes = 0;
  };

  explicit ProfileSession(Options options);

  const std::string& id() const { return options_.id; }

  // Whether a run of that model is to be traced. Counts it as left out when there is no room.
  bool Wants(std::string_view model);

  // A run that was wanted. Dropped when the session has ended, left out when it has no room.
  void Add(RunProfile run);

  // Asks whoever opened it to end it before its time.
  void Terminate() { is_terminated_.store(true, std::memory_order_relaxed); }
  bool is_terminated() const { return is_terminated_.load(std::memory_order_relaxed); }

  // From now on it takes no more.
  void End();
  bool has_ended() const { return has_ended_.load(std::memory_order_relaxed); }

  // Ends it. What was taken before is not in it.
  Profile Take();

 private:
  const Options options_;
  std::atomic<bool> is_terminated_{false};
  std::atomic<bool> has_ended_{false};
  std::atomic<bool> is_full_{false};
  std::atomic<uint64_t> left_out_{0};
  Mutex mutex_;
  size_t bytes_ GUARDED_BY(mutex_) = 0;
  Profile profile_ GUARDED_BY(mutex_);
};

// UNITS: nanoseconds since 1970.
int64_t UnixNanos();

}  // namespace tensorgate
