// Limit: how many requests a second (a token bucket), and how many at once. THREAD: one at a time;
// its owner locks.
#pragma once

#include <chrono>
#include <cstdint>

namespace tensorgate {

// 0: no such limit.
struct LimitRules {
  double per_second = 0;
  double burst = 0;  // how many may come together after a pause; at least 1
  uint64_t at_once = 0;
};

class Limit {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Verdict { kRoom, kTooFast, kTooMany };

  explicit Limit(const LimitRules& rules) : rules_(rules), tokens_(rules.burst) {}

  // What runs goes on, and what was saved up stays, as far as it fits.
  void SetRules(const LimitRules& rules);
  const LimitRules& rules() const { return rules_; }

  // Whether there is room for one more, and if it comes too fast, when there will be. Takes
  // nothing.
  Verdict Check(Clock::time_point now, Clock::duration* wait);
  // REQUIRES: Check() said that there is room.
  void Take();
  // One that was taken is done.
  void Give();

 private:
  LimitRules rules_;
  double tokens_;
  Clock::time_point filled_at_ = Clock::now();
  uint64_t running_ = 0;
};

}  // namespace tensorgate
