#include "access/limit.h"

#include <algorithm>

namespace tensorgate {

using Seconds = std::chrono::duration<double>;

void Limit::SetRules(const LimitRules& rules) {
  if (rules_.per_second == 0) tokens_ = rules.burst;
  rules_ = rules;
  tokens_ = std::min(tokens_, rules.burst);
}

Limit::Verdict Limit::Check(Clock::time_point now, Clock::duration* wait) {
  if (rules_.at_once > 0 && running_ >= rules_.at_once) return Verdict::kTooMany;
  if (rules_.per_second <= 0) return Verdict::kRoom;
  if (now > filled_at_) {
    const double seconds = Seconds(now - filled_at_).count();
    tokens_ = std::min(rules_.burst, tokens_ + seconds * rules_.per_second);
    filled_at_ = now;
  }
  if (tokens_ >= 1) return Verdict::kRoom;
  *wait = std::chrono::duration_cast<Clock::duration>(Seconds((1 - tokens_) / rules_.per_second));
  return Verdict::kTooFast;
}

void Limit::Take() {
  ++running_;
  if (rules_.per_second > 0) tokens_ = std::max(0.0, tokens_ - 1);
}

void Limit::Give() {
  if (running_ > 0) --running_;
}

}  // namespace tensorgate
