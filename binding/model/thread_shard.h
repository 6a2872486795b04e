// ThreadShard: which of a few copies of a counter a thread counts in, so that threads that count at
// the same time rarely do so in one cache line. Who reads adds the copies up. Any thread.
#pragma once

#include <atomic>
#include <cstddef>

namespace tensorgate {

constexpr size_t kThreadShards = 8;

// The calling thread's; the same for its whole life.
inline size_t ThreadShard() {
  static std::atomic<size_t> next{0};
  thread_local const size_t shard = next.fetch_add(1, std::memory_order_relaxed) % kThreadShards;
  return shard;
}

}  // namespace tensorgate
