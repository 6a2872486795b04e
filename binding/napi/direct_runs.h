// DirectRuns: the requests of one transport that are run without JavaScript: where each runs (here,
// by itself, or in a row with others), and that its outcome comes back. THREAD: JavaScript's.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "napi/direct_run.h"

namespace tensorgate {

class DirectRunOwner {
 public:
  virtual ~DirectRunOwner() = default;
  // Its caller may be gone.
  virtual void OnRunEnded(std::unique_ptr<DirectRun> run) = 0;
};

class DirectRuns {
 public:
  // `wake` is sent when outcomes are ready: Collect() is to be called then.
  DirectRuns(DirectRunOwner* owner, uv_handle_t* wake, std::shared_ptr<MemoryBudget> budget);
  ~DirectRuns() { EndTurn(); }

  const std::shared_ptr<DirectQueue>& queue() const { return queue_; }
  // Not answered.
  size_t count() const { return count_; }

  // They wait until all that came in the turn was read, StartAll(): only then is it known who has
  // company.
  void Add(std::unique_ptr<DirectRun> run);
  void StartAll();
  bool has_added() const { return !added_.empty(); }
  void Collect();
  // Whether the run pool is to be woken; forgets it.
  bool TakePosted();
  // Before the loop waits.
  void EndTurn();

  // Lets go of all, and of their hold on models; `waits` for those that run.
  void Close(bool waits);

 private:
  void RunSome();
  void Post(std::vector<std::unique_ptr<DirectRun>> runs);
  void Answer();

  DirectRunOwner* const owner_;
  const std::shared_ptr<DirectQueue> queue_;
  std::vector<std::unique_ptr<DirectRun>> added_;  // in this turn
  std::vector<std::unique_ptr<DirectRun>> finished_;
  size_t count_ = 0;
  bool posted_ = false;
  bool is_counted_ = false;  // among the loops with runs
};

}  // namespace tensorgate
