#include "model/run_pace.h"

#include <algorithm>

namespace tensorgate {
namespace {

// Of 64 runs. A thread that loses its CPU during a run makes it long, too.
constexpr int kMostLong = 4;

std::atomic<int64_t> limit_nanoseconds{0};

}  // namespace

void RunPace::SetLimit(std::chrono::microseconds limit) {
  limit_nanoseconds.store(std::chrono::nanoseconds(limit).count(), std::memory_order_relaxed);
}

bool RunPace::IsOn() { return limit_nanoseconds.load(std::memory_order_relaxed) > 0; }

void RunPace::Record(std::chrono::nanoseconds run) {
  const uint32_t barred = barred_.load(std::memory_order_relaxed);
  if (barred > 0) {
    barred_.store(barred - 1, std::memory_order_relaxed);
    return;
  }
  const uint64_t is_long = run.count() > limit_nanoseconds.load(std::memory_order_relaxed) ? 1 : 0;
  long_runs_.store(long_runs_.load(std::memory_order_relaxed) << 1 | is_long,
                   std::memory_order_relaxed);
}

bool RunPace::WantsCpuTime() {
  const uint32_t left = to_measure_.load(std::memory_order_relaxed);
  if (left == 0) return false;
  to_measure_.store(left - 1, std::memory_order_relaxed);
  return true;
}

void RunPace::RecordLasted(std::chrono::nanoseconds time) {
  if (time <= kTooLong) return;
  to_measure_.store(kMeasuredRuns, std::memory_order_relaxed);
  if (time > kSurelyTooLong) RecordOnLoop(time);
}

void RunPace::RecordOnLoop(std::chrono::nanoseconds cpu_time) {
  if (cpu_time <= kTooLong) return;
  const uint32_t bar = next_bar_.load(std::memory_order_relaxed);
  next_bar_.store(std::min(kLongestBar, bar * 2), std::memory_order_relaxed);
  barred_.store(bar, std::memory_order_relaxed);
  long_runs_.store(~uint64_t{0}, std::memory_order_relaxed);
}

bool RunPace::IsShort() const {
  return __builtin_popcountll(long_runs_.load(std::memory_order_relaxed)) <= kMostLong;
}

}  // namespace tensorgate
