// EngineCandidates: another engine's part in a trial: what it makes of the frozen graph, with one
// thread for each run and, where that may pay, with all CPUs for one run at a time.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "plan/openvino_engine.h"
#include "plan/trial.h"

namespace tensorgate {

class EngineCandidates {
 public:
  // OWNERSHIP: borrows all. `release`: gives back what is freed in between.
  EngineCandidates(const SavedModel& model, const OpenVinoOptions& options,
                   std::function<void()> release)
      : model_(model), options_(options), release_(std::move(release)) {}

  bool can_exist() const { return !options_.library.empty(); }

  // Keeps what agrees with the graph as it was saved. `frozen_session`: answers what the engine
  // does not run, such as what comes in other shapes than the trial's first. THREAD: load pool;
  // blocks. False: it does not agree, or cannot be made.
  bool Make(bool in_caller_thread, const FrozenGraph& frozen, const GraphSession* frozen_session,
            Trial* trial);

  // Null: there is none.
  OpenVinoEngine* Of(bool in_caller_thread) const { return engines_[in_caller_thread].get(); }
  // Ends the others.
  std::unique_ptr<OpenVinoEngine> Take(bool in_caller_thread);
  void End();

  // The signatures that it does not run, and why; or why it runs none.
  const std::string& refusals() const { return refusals_; }

 private:
  const SavedModel& model_;
  const OpenVinoOptions& options_;
  const std::function<void()> release_;
  std::array<std::unique_ptr<OpenVinoEngine>, 2> engines_;  // by in_caller_thread
  std::string refusals_;
};

}  // namespace tensorgate
