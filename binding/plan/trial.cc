#include "plan/trial.h"

#include <algorithm>

#include "model/quiet_runs.h"
#include "pool/load_priority.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// A turn of a candidate: one run says little where the clock and the caches cost as much.
constexpr std::chrono::microseconds kTurn{200};
constexpr int64_t kMaxRunsInTurn = 50;
constexpr size_t kTurns = 30;
constexpr int kFewRuns = 3;

const char* Where(TrialCaseKind kind) {
  switch (kind) {
    case TrialCaseKind::kNoRows:
      return "without rows: ";
    case TrialCaseKind::kNan:
      return "with NaN: ";
    case TrialCaseKind::kRows:
      break;
  }
  return "";
}

}  // namespace

Trial::Trial(const SavedModel& model, const std::vector<TrialCase>& cases,
             const TrialLimits& limits, bool in_caller_thread, const LoadStop* stop,
             const GraphSession* reference)
    : model_(model), cases_(cases), limits_(limits), stop_(stop), answers_(cases.size()) {
  as_saved_.execution = {reference, in_caller_thread};
}

Status Trial::RunOnce(const Candidate& candidate, const TrialCase& given, bool with_timeout,
                      std::vector<TensorHandle>* outputs) const {
  const QuietRuns quiet;
  const uint32_t timeout = with_timeout ? static_cast<uint32_t>(limits_.run.count()) : 0;
  return model_.RunAs(candidate.execution, timeout, given.feeds, given.values, given.fetches,
                      outputs);
}

const Trial::Answer& Trial::AnswerAsSaved(size_t index) {
  Answer& answer = answers_[index];
  if (answer.is_known || is_out_of_time_) return answer;
  const Status status = RunOnce(as_saved_, cases_[index], true, &answer.outputs);
  answer.is_known = status.code() != Code::kDeadlineExceeded;
  answer.failure = status.message();
  answer.is_there = status.ok();
  is_out_of_time_ = !answer.is_known;
  return answer;
}

bool Trial::Begin() {
  for (size_t i = 0; i < cases_.size() && !is_out_of_time_ && !IsStopped(stop_); ++i) {
    if (cases_[i].kind == TrialCaseKind::kRows && AnswerAsSaved(i).is_there) {
      timed_ = &cases_[i];
      return true;
    }
  }
  return false;
}

size_t Trial::VisitCases(const std::function<bool(size_t index)>& visit) const {
  auto ends = Clock::time_point::max();
  size_t begun = 0, taken = 0;
  bool is_skipped = false;  // the latest case with rows
  for (size_t i = 0; i < cases_.size() && begun < limits_.cases && !IsStopped(stop_); ++i) {
    const TrialCaseKind kind = cases_[i].kind;
    const bool is_late = Clock::now() > ends;
    if (kind == TrialCaseKind::kRows) is_skipped = is_late;
    if (kind == TrialCaseKind::kNan ? is_late && !limits_.keeps_nan : is_skipped) continue;
    const bool is_taken = visit(i);
    if (is_taken || begun > 0) ++begun;
    // The first run takes as long as TensorFlow needs to prepare the graph.
    if (is_taken && ++taken == 1) ends = Clock::now() + limits_.comparison / 2;
  }
  return taken;
}

void Trial::AnswerAsSaved() {
  if (has_answers_) return;
  has_answers_ = true;
  VisitCases([&](size_t index) { return AnswerAsSaved(index).is_there; });
}

void Trial::Compare(Candidate* candidate) {
  AnswerAsSaved();
  const size_t compared = VisitCases([&](size_t index) {
    const Answer& expected = answers_[index];
    if (!expected.is_known || !candidate->agrees) return false;
    CompareOn(index, expected, candidate);
    return expected.is_there;
  });
  compared_ = std::max(compared_, compared);
  if (!IsStopped(stop_)) return;
  candidate->agrees = false;
  candidate->rejected = LoadCancelled().message();
}

void Trial::CompareOn(size_t index, const Answer& expected, Candidate* candidate) {
  const TrialCase& given = cases_[index];
  std::vector<TensorHandle> outputs;
  const Status status = RunOnce(*candidate, given, true, &outputs);
  Agreement agreement;
  if (status.ok() && expected.is_there) {
    tensorgate::Compare(expected.outputs, outputs, &agreement);
  } else if (status.ok() || expected.is_there) {
    agreement.agrees = false;
    agreement.difference =
        status.ok() ? "there is an answer, as saved " + expected.failure : status.message();
  }
  if (agreement.agrees) {
    largest_ = std::max(largest_, agreement.largest);
    return;
  }
  if (given.kind == TrialCaseKind::kNan && candidate->nan.empty()) {
    candidate->nan = agreement.difference;
  }
  if (given.kind == TrialCaseKind::kNan && !limits_.keeps_nan) return;
  candidate->agrees = false;
  candidate->rejected = Where(given.kind) + agreement.difference;
}

std::chrono::nanoseconds Trial::TimeRuns(Candidate* candidate, int64_t count) const {
  std::vector<TensorHandle> outputs;
  const auto started = Clock::now();
  for (int64_t i = 0; i < count; ++i) {
    if (!RunOnce(*candidate, *timed_, false, &outputs).ok()) candidate->agrees = false;
  }
  const std::chrono::nanoseconds run = (Clock::now() - started) / count;
  candidate->time = std::min(candidate->time, run);
  return run;
}

std::chrono::nanoseconds Trial::RoughTime(Candidate candidate) const {
  for (int i = 0; i < kFewRuns; ++i) TimeRuns(&candidate, 1);
  return candidate.time;
}

void Trial::Time(std::vector<Candidate>* candidates) {
  if (timed_ != nullptr) AtRequestPriority([&] { TakeTurns(candidates); });
}

void Trial::TakeTurns(std::vector<Candidate>* candidates) {
  const auto ends = Clock::now() + limits_.timing;
  const size_t count = candidates->size();
  int64_t runs = 1;
  for (size_t turn = 0; turn < kTurns && !IsStopped(stop_); ++turn) {
    std::chrono::nanoseconds longest{1};
    for (size_t i = 0; i < count; ++i) {
      // Another one begins each turn: what came just before may help or hinder.
      Candidate& candidate = (*candidates)[(turn + i) % count];
      if (!candidate.agrees) continue;
      if (turn == 0 && candidate.warm_runs > 0) TimeRuns(&candidate, candidate.warm_runs);
      longest = std::max(longest, TimeRuns(&candidate, runs));
    }
    runs = std::clamp<int64_t>(kTurn / longest, 1, kMaxRunsInTurn);
    const auto next_turn = longest * runs * static_cast<int64_t>(count);
    if (Clock::now() + next_turn > ends) break;
  }
}

}  // namespace tensorgate
