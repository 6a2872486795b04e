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
  // `expected`: bytes in all as the client says; 0: it does not. `uncounted`: what is no larger
  // takes nothing of the budget. False: the budget has no room.
  bool Append(std::string_view more, size_t expected, MemoryBudget* budget, size_t uncounted = 0) {
    const size_t needed = bytes.size() + more.size();
    if (needed > bytes.capacity() && !Grow(needed, expected, budget, uncounted)) return false;
    bytes.Append(more);
    return true;
  }

  OutputBuffer bytes;
  HeldBytes held;

 private:
  static constexpr size_t kFirstBytes = 64 << 10;
  static constexpr size_t kMostAhead = 8 << 20;
  static constexpr size_t kAheadFactor = 16;
  static constexpr size_t kSmallestBytes = 4 << 10;

  bool Grow(size_t needed, size_t expected, MemoryBudget* budget, size_t uncounted) {
    const size_t ahead = std::min(needed * kAheadFactor, needed + kMostAhead);
    const size_t told = std::min(expected, std::max(ahead, kFirstBytes));
    const size_t doubled = std::max(2 * bytes.capacity(), kSmallestBytes);
    const size_t wanted = std::max(needed, expected > 0 ? told : doubled);
    if (wanted > uncounted && !held.Raise(budget, wanted)) return false;
    bytes.Reserve(wanted);
    return true;
  }
};

}  // namespace tensorgate
