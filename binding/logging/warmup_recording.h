// WarmupRecording: requests of a model as they come, gathered in memory as the bytes of a warm-up
// file. A few of each shape do: a run of a shape that has run before warms up nothing. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "codec/output_buffer.h"
#include "logging/logged_request.h"
#include "pool/mutex.h"

namespace tensorgate {

class WarmupRecording {
 public:
  struct Limits {
    size_t records = 0;
    size_t bytes = 0;
    size_t per_shape = 0;  // 0: any number
  };
  struct Counts {
    size_t records = 0;
    size_t seen = 0;    // requests of whatever shape
    bool full = false;  // no more is taken
  };

  explicit WarmupRecording(const Limits& limits) : limits_(limits) {}

  // Counts a request, and says whether it is to be kept. `shape` is a number that tells methods,
  // signatures, dtypes and shapes of requests apart.
  bool Wants(uint64_t shape);
  // One that was wanted, once it has its answer.
  void Add(const LoggedRequest& request);

  Counts Read();
  OutputBuffer Take();

 private:
  bool HasRoom(uint64_t shape) REQUIRES_LOCK(mutex_);

  const Limits limits_;
  Mutex mutex_;
  OutputBuffer file_ GUARDED_BY(mutex_);
  Counts counts_ GUARDED_BY(mutex_);
  std::map<uint64_t, size_t> of_shape_ GUARDED_BY(mutex_);  // that are in the file
};

}  // namespace tensorgate
