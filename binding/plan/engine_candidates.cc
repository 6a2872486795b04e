#include "plan/engine_candidates.h"

namespace tensorgate {

bool EngineCandidates::Make(bool in_caller_thread, const FrozenGraph& frozen,
                            const GraphSession* frozen_session, Trial* trial) {
  std::unique_ptr<OpenVinoEngine>& engine = engines_[in_caller_thread];
  std::string refusals;
  const Status status =
      OpenVinoEngine::Make(model_, frozen, options_, in_caller_thread, &engine, &refusals);
  refusals_ = status.ok() ? refusals : status.message();
  if (!status.ok()) return false;
  Candidate candidate;
  candidate.kind = PlanKind::kOpenVino;
  candidate.execution = {frozen_session, in_caller_thread, engine.get()};
  engine->CompileFor(trial->timed()->feeds, trial->timed()->values);
  release_();  // the model that was read for it
  trial->Compare(&candidate);
  if (candidate.agrees) return true;
  refusals_ = "it does not agree: " + candidate.rejected;
  engine.reset();
  return false;
}

std::unique_ptr<OpenVinoEngine> EngineCandidates::Take(bool in_caller_thread) {
  std::unique_ptr<OpenVinoEngine> taken = std::move(engines_[in_caller_thread]);
  End();
  return taken;
}

void EngineCandidates::End() { engines_ = {}; }

}  // namespace tensorgate
