// FloodGuard: how much a connection may do that costs us work and asks for nothing. Each kind has a
// bucket of tokens that fills with time; who empties one is sent away. Newer nghttp2 limits some of
// this itself; these limits hold with any. Owned by a connection.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tensorgate {

class TokenBucket {
 public:
  constexpr TokenBucket(uint32_t burst, uint32_t per_second)
      : burst_(burst), per_second_(per_second), tokens_(burst) {}

  // False when the bucket is empty.
  bool Take(uint64_t now_millis) {
    if (now_millis > filled_at_) {
      tokens_ = std::min<double>(burst_, tokens_ + per_second_ * 1e-3 * (now_millis - filled_at_));
      filled_at_ = now_millis;
    }
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  uint32_t burst_;
  uint32_t per_second_;
  double tokens_;
  uint64_t filled_at_ = 0;
};

struct FloodGuard {
  // Requests given up before they were answered ("rapid reset"). Who hedges does so now and then.
  TokenBucket resets{1000, 100};
  // Clients that measure the bandwidth send one with each message.
  TokenBucket pings{5000, 2000};
  // SETTINGS, PRIORITY, DATA without bytes, and frames that are wrong.
  TokenBucket idle_frames{1000, 100};
};

}  // namespace tensorgate
