// Trial: runs the same inputs in several ways, compares the answers and takes the times. The ways
// take turns, and the best time of each counts, as the clock has it. THREAD: load pool; blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/saved_model.h"
#include "plan/agreement.h"
#include "plan/plan_kind.h"
#include "plan/trial_cases.h"
#include "pool/load_stop.h"

namespace tensorgate {

struct Candidate {
  PlanKind kind = PlanKind::kAsSaved;
  Execution execution;
  int warm_runs = 0;     // that are run before any is timed: what XLA needs to compile
  bool agrees = true;    // with the graph as it was saved
  std::string rejected;  // why it does not, or why it does not run
  std::string nan;       // how it answers otherwise where the input is NaN
  std::chrono::nanoseconds time =
      std::chrono::nanoseconds::max();  // of one run, the best; max: none
  bool is_timed() const { return time != std::chrono::nanoseconds::max(); }
};

struct TrialLimits {
  std::chrono::milliseconds run{10000};  // no run may be longer; 0: any, in the thread that calls
  std::chrono::milliseconds comparison{2000};  // after the first case, and the same without rows:
                                               // half of it as saved, then half of it a candidate;
                                               // no more cases are begun
  std::chrono::milliseconds timing{300};
  size_t cases = SIZE_MAX;  // from the first that runs as saved, also those that do not
  bool keeps_nan = false;   // a candidate must answer NaN in the same way
};

class Trial {
 public:
  // `reference`: what answers as the graph does that was saved; null: the model's own session.
  // OWNERSHIP: borrows all; `stop` may be null.
  Trial(const SavedModel& model, const std::vector<TrialCase>& cases, const TrialLimits& limits,
        bool in_caller_thread, const LoadStop* stop, const GraphSession* reference = nullptr);

  // Runs the graph as it was saved until a case with rows succeeds. False where none does.
  bool Begin();
  // Runs the graph as it was saved on what candidates will be compared on. Compare() does so where
  // nobody did; before any candidate is made, what it takes is not held beside what they take.
  // REQUIRES: Begin() succeeded.
  void AnswerAsSaved();
  // Compares a candidate with the graph as it was saved on each case; what one of them refuses, the
  // other must refuse.
  // REQUIRES: Begin() succeeded.
  void Compare(Candidate* candidate);
  // Times those that agree on the first case that ran, in turns, in a thread of the priority that
  // requests have. May be called again, with others too.
  void Time(std::vector<Candidate>* candidates);

  // Of one run, the best of a few, by themselves and at the priority of a load: for what is decided
  // by orders of magnitude. REQUIRES: Compare() had it run.
  std::chrono::nanoseconds RoughTime(Candidate candidate) const;

  // What is timed. REQUIRES: Begin() succeeded.
  const TrialCase* timed() const { return timed_; }
  const Candidate& as_saved() const { return as_saved_; }
  size_t cases() const { return compared_; }  // that were compared and have an answer
  double largest_difference() const { return largest_; }

 private:
  struct Answer {
    bool is_known = false;
    bool is_there = false;  // it succeeded
    std::string failure;    // otherwise
    std::vector<TensorHandle> outputs;
  };

  Status RunOnce(const Candidate& candidate, const TrialCase& given, bool with_timeout,
                 std::vector<TensorHandle>* outputs) const;
  const Answer& AnswerAsSaved(size_t index);
  // The first case that `visit` takes, which it answers with true, then others while there is time.
  // Returns how many it took.
  size_t VisitCases(const std::function<bool(size_t index)>& visit) const;
  void CompareOn(size_t index, const Answer& expected, Candidate* candidate);
  void TakeTurns(std::vector<Candidate>* candidates);
  std::chrono::nanoseconds TimeRuns(Candidate* candidate, int64_t count) const;

  const SavedModel& model_;
  const std::vector<TrialCase>& cases_;
  const TrialLimits limits_;
  const LoadStop* const stop_;
  Candidate as_saved_;
  std::vector<Answer> answers_;       // as the cases
  const TrialCase* timed_ = nullptr;  // the case
  bool has_answers_ = false;          // to all that candidates are compared on
  bool is_out_of_time_ = false;       // a run as saved was longer than may be
  size_t compared_ = 0;
  double largest_ = 0;
};

}  // namespace tensorgate
