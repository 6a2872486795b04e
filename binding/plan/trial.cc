#include "plan/trial.h"

#include <algorithm>

#include "runtime/quiet_runs.h"
#include "runtime/run_delay.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// A turn of a candidate: one run says little where the clock and the caches cost as much.
constexpr std::chrono::microseconds kTurn{200};
constexpr int64_t kMaxRunsInTurn = 50;
constexpr int kTurns = 30;

}  // namespace

Status Trial::RunOnce(const Candidate& candidate, const TrialCase& given, bool with_timeout,
                      std::vector<TensorHandle>* outputs) const {
  const QuietRuns quiet;
  const uint32_t timeout = with_timeout ? static_cast<uint32_t>(limits_.run.count()) : 0;
  return model_.RunAs(candidate.execution, timeout, given.feeds, given.values, given.fetches,
                      outputs);
}

void Trial::Compare(std::vector<Candidate>* candidates) {
  const auto started = Clock::now();
  for (const TrialCase& given : cases_) {
    if (Clock::now() - started > limits_.comparison) break;
    std::vector<TensorHandle> expected;
    // What fails as saved has no answer to agree with.
    const Status as_saved = RunOnce(candidates->front(), given, true, &expected);
    if (as_saved.code() == Code::kDeadlineExceeded) break;
    if (!as_saved.ok()) continue;
    ++compared_;
    if (timed_case_ == nullptr) timed_case_ = &given;
    for (Candidate& candidate : *candidates) {
      if (&candidate == &candidates->front() || !candidate.agrees) continue;
      std::vector<TensorHandle> outputs;
      const Status status = RunOnce(candidate, given, true, &outputs);
      Agreement agreement;
      if (status.ok()) tensorgate::Compare(expected, outputs, &agreement);
      largest_ = std::max(largest_, agreement.largest);
      candidate.agrees = status.ok() && agreement.agrees;
      candidate.rejected = status.ok() ? agreement.difference : status.message();
    }
  }
}

std::chrono::nanoseconds Trial::TimeRuns(Candidate* candidate, int64_t count) const {
  std::vector<TensorHandle> outputs;
  const RunStopwatch stopwatch;
  for (int64_t i = 0; i < count; ++i) {
    if (!RunOnce(*candidate, *timed_case_, false, &outputs).ok()) candidate->agrees = false;
  }
  std::chrono::nanoseconds elapsed, run;
  stopwatch.Stop(&elapsed, &run);
  candidate->time = std::min(candidate->time, run / count);
  return elapsed / count;
}

void Trial::Time(std::vector<Candidate>* candidates) {
  if (timed_case_ == nullptr) return;
  const auto ends = Clock::now() + limits_.timing;
  int64_t runs = 1;
  for (int turn = 0; turn < kTurns; ++turn) {
    std::chrono::nanoseconds longest{1};
    for (Candidate& candidate : *candidates) {
      if (!candidate.agrees) continue;
      if (turn == 0 && candidate.warm_runs > 0) TimeRuns(&candidate, candidate.warm_runs);
      longest = std::max(longest, TimeRuns(&candidate, runs));
    }
    runs = std::clamp<int64_t>(kTurn / longest, 1, kMaxRunsInTurn);
    const auto next_turn = longest * runs * static_cast<int64_t>(candidates->size());
    if (Clock::now() + next_turn > ends) break;
  }
}

}  // namespace tensorgate
