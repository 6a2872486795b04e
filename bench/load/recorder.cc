#include "recorder.h"

#include <cinttypes>

#include "clock.h"

namespace tensorgate::load {

void Recorder::Record(Outcome outcome, int64_t start, int64_t end) {
  if (outcome == Outcome::kGood) {
    good_ever_++;
    if (InWindow(end)) finished_inside_++;
  }
  if (!InWindow(select_ == Select::kByEnd ? end : start)) return;
  switch (outcome) {
    case Outcome::kGood:
      latencies_.Add(end - start);
      break;
    case Outcome::kFailed:
      errors_++;
      break;
    case Outcome::kMismatch:
      mismatches_++;
      break;
  }
}

void Recorder::Explain(const std::string& reason) {
  for (Failure& failure : failures_) {
    if (failure.reason != reason) continue;
    failure.count++;
    return;
  }
  if (failures_.size() < kMaxReasons) failures_.push_back({reason, 1});
}

void Recorder::WriteJson(std::FILE* file) const {
  const double seconds = static_cast<double>(until_ - from_) / kNanosPerSecond;
  const uint64_t finished = latencies_.total() + errors_ + mismatches_;
  const uint64_t unfinished = arrivals_ > finished ? arrivals_ - finished : 0;
  std::fprintf(file,
               "{\"requests\": %" PRIu64 ", \"errors\": %" PRIu64 ", \"mismatches\": %" PRIu64
               ", \"unfinished\": %" PRIu64 ", \"seconds\": %.3f, \"rps\": %.1f",
               latencies_.total(), errors_, mismatches_, unfinished, seconds,
               static_cast<double>(finished_inside_) / seconds);
  const struct {
    const char* name;
    double nanos;
  } figures[] = {
      {"mean_us", latencies_.mean()},
      {"p50_us", static_cast<double>(latencies_.Quantile(0.5))},
      {"p90_us", static_cast<double>(latencies_.Quantile(0.9))},
      {"p99_us", static_cast<double>(latencies_.Quantile(0.99))},
      {"p999_us", static_cast<double>(latencies_.Quantile(0.999))},
      {"max_us", static_cast<double>(latencies_.max())},
  };
  for (const auto& figure : figures) {
    std::fprintf(file, ", \"%s\": %.2f", figure.name, figure.nanos / 1000);
  }
  std::fprintf(file, "}\n");
}

}  // namespace tensorgate::load
