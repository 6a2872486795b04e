// ReceivedBytes: the body of a request as it comes, in one buffer that grows with what has come
// rather than with what the client says will come, and its part of the budget. Owned by a request.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "codec/output_buffer.h"
#include "net/memory_budget.h"

namespace tensorgate {

struct ReceivedBytes {
  // Bodies up to this size are not counted, so that short requests are answered while the budget is
  // used up. There is at most one for each request that is open.
  static constexpr size_t kUncountedBytes = 4 << 10;

  // `expected`: bytes in all as the client says; 0: it does not. False: the budget has no room.
  bool Append(std::string_view more, size_t expected, MemoryBudget* budget) {
    const size_t needed = bytes.size() + more.size();
    if (needed > bytes.capacity() && !Grow(needed, expected, budget)) return false;
    bytes.Append(more);
    return true;
  }

  OutputBuffer bytes;
  HeldBytes held;

 private:
  static constexpr size_t kFirstAhead = 64 << 10;
  static constexpr size_t kMostAhead = 8 << 20;
  static constexpr size_t kAheadFactor = 16;

  bool Grow(size_t needed, size_t expected, MemoryBudget* budget) {
    const size_t ahead = std::clamp(needed * kAheadFactor, kFirstAhead, kMostAhead);
    const size_t doubled = std::max(2 * bytes.capacity(), kUncountedBytes);
    const size_t wanted = std::max(needed, expected > 0 ? std::min(expected, needed + ahead)
                                                        : doubled);
    if (wanted > kUncountedBytes && !held.Raise(budget, wanted)) return false;
    bytes.Reserve(wanted);
    return true;
  }
};

}  // namespace tensorgate
