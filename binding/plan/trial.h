// Trial: runs the same inputs in several ways, compares the answers and takes the times. Its thread
// may have a low priority and other threads may serve meanwhile: the ways take turns, what the
// thread waited for a CPU does not count, and of what is left the best time of each does.
// THREAD: load pool; blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "plan/agreement.h"
#include "plan/trial_cases.h"
#include "runtime/saved_model.h"

namespace tensorgate {

struct Candidate {
  std::string name;  // of the plan
  Execution execution;
  int warm_runs = 0;     // that are run before any is timed: what XLA needs to compile
  bool agrees = true;    // with the first candidate
  std::string rejected;  // why it does not, or why it does not run
  std::chrono::nanoseconds time =
      std::chrono::nanoseconds::max();  // of one run, the best; max: none
  bool is_timed() const { return time != std::chrono::nanoseconds::max(); }
};

struct TrialLimits {
  std::chrono::milliseconds run{10000};        // no run may be longer
  std::chrono::milliseconds comparison{2000};  // no more cases are begun
  std::chrono::milliseconds timing{300};
};

class Trial {
 public:
  // OWNERSHIP: borrows all.
  Trial(const SavedModel& model, const std::vector<TrialCase>& cases, const TrialLimits& limits)
      : model_(model), cases_(cases), limits_(limits) {}

  // Compares all with the first one, on each case that this one can run. The first candidate is
  // what was saved.
  void Compare(std::vector<Candidate>* candidates);
  // Times those that agree on the first case that ran, in turns. May be called again with more.
  void Time(std::vector<Candidate>* candidates);

  size_t cases() const { return compared_; }  // that were compared
  double largest_difference() const { return largest_; }

 private:
  Status RunOnce(const Candidate& candidate, const TrialCase& given, bool with_timeout,
                 std::vector<TensorHandle>* outputs) const;
  std::chrono::nanoseconds TimeRuns(Candidate* candidate, int64_t count) const;

  const SavedModel& model_;
  const std::vector<TrialCase>& cases_;
  const TrialLimits limits_;
  const TrialCase* timed_case_ = nullptr;
  size_t compared_ = 0;
  double largest_ = 0;
};

}  // namespace tensorgate
