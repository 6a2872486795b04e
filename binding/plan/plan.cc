#include "plan/plan.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "plan/frozen_graph.h"
#include "plan/trial.h"
#include "plan/trial_cases.h"
#include "runtime/allocator.h"
#include "runtime/state_changes.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// Another plan must be this much faster: the trial's noise is no reason, and frozen graphs take
// more memory. A lean one does not, and wins where it is not that much slower.
constexpr double kWorthwhile = 0.97;

// Below this TensorFlow's pool costs more than any parallel branches can save.
constexpr std::chrono::milliseconds kPoolMayPay{1};

// Where there is nothing to choose but the threads, less is at stake.
constexpr std::chrono::milliseconds kLongestAlone{1000};

// TensorFlow compiles a cluster once it has run it a few times.
constexpr int kRunsUntilCompiled = 6;

class PlanChoosing {
 public:
  PlanChoosing(SavedModel* model, const PlanOptions& options)
      : model_(model), options_(options), wanted_(options.wanted) {
    if (options.known) wanted_ = options.known->kind;
    report_.plan.in_caller_thread = options.in_caller_thread;
  }

  PlanReport Choose() {
    const auto started = Clock::now();
    if (!options_.refusal.empty()) {
      report_.reason = options_.refusal;
    } else if (options_.wanted == PlanKind::kAsSaved) {
      report_.reason = "asked for";
    } else if (!ChangesState()) {
      cases_ = MakeTrialCases(*model_, options_.path, options_.synthetic);
      Prepare();
      options_.known ? TakeKnown() : Try();
    }
    report_.micros =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started).count();
    return std::move(report_);
  }

 private:
  // A frozen graph would leave the changes out, and no run could be tried without making some.
  bool ChangesState() {
    StateChanges changes(model_->graph());
    for (const BoundSignature& signature : model_->signatures()) {
      std::vector<TF_Output> outputs;
      for (const TF_Output& output : signature.outputs) {
        if (output.oper != nullptr) outputs.push_back(output);
      }
      if (!changes.MayHappen(outputs)) continue;
      report_.reason =
          "signature " + signature.def.name + " may change its state: it uses " + changes.culprit();
      return true;
    }
    return false;
  }

  void Prepare() {
    if (wanted_ == PlanKind::kAsSaved) return;
    ReleaseFreed();  // what the load held
    FrozenGraph frozen;
    bool may_be_lean = false;
    Status status = FreezeModel(*model_, options_.lean, &frozen);
    if (status.ok()) {
      report_.variables = frozen.variables;
      report_.weight_bytes = frozen.weight_bytes;
      may_be_lean = !frozen.weights.empty() && !cases_.empty();
      status = NewFrozenSession(
          frozen, options_.config_proto,
          may_be_lean ? FrozenSessionKind::kTellsGraph : FrozenSessionKind::kPlain, &frozen_);
    }
    if (status.ok() && wanted_ == PlanKind::kFrozenXla) {
      status =
          NewFrozenSession(frozen, options_.config_proto, FrozenSessionKind::kXla, &frozen_xla_);
    }
    if (!status.ok()) {
      refusal_ = "it cannot be frozen: " + status.message();
    } else if (may_be_lean) {
      MakeLean(frozen);
    }
  }

  // In place of the frozen session where it agrees with the graph as it was saved.
  void MakeLean(const FrozenGraph& frozen) {
    for (const bool fuses : {true, false}) {
      LeanSession lean;
      const Status status = NewLeanSession(frozen, *frozen_, cases_, options_.config_proto,
                                           options_.lean, fuses, &lean);
      report_.no_lean = status.message();
      if (status.ok()) {
        ReleaseFreed();
        Trial trial(*model_, cases_, TrialLimits());
        std::vector<Candidate> candidates(2);
        candidates[0].execution = {nullptr, options_.in_caller_thread};
        candidates[1].execution = {lean.session.get(), options_.in_caller_thread};
        trial.Compare(&candidates);
        if (trial.cases() > 0 && candidates[1].agrees) {
          frozen_ = std::move(lean.session);
          report_.lean = true;
          report_.fused = static_cast<uint32_t>(lean.fused);
          return;
        }
        if (trial.cases() > 0) report_.no_lean = "it does not agree: " + candidates[1].rejected;
      }
      if (lean.fused == 0) return;
    }
  }

  // The choice of an earlier trial of the same model on the same machine.
  void TakeKnown() {
    const bool is_possible =
        SessionOf(options_.known->kind) != nullptr || options_.known->kind == PlanKind::kAsSaved;
    if (is_possible) {
      report_.plan = *options_.known;
      report_.reason = "an earlier trial's choice";
    } else {
      report_.reason = refusal_;
    }
    Adopt();
  }

  void Try() {
    const bool is_alone = frozen_ == nullptr;
    if (is_alone && (!options_.in_caller_thread || wanted_ || cases_.empty())) {
      report_.reason = refusal_;
      return;
    }
    TrialLimits limits;
    limits.timing = std::chrono::milliseconds(options_.trial_millis);
    if (is_alone) limits.run = kLongestAlone;
    Trial trial(*model_, cases_, limits);
    std::vector<Candidate> candidates;
    Add(PlanKind::kAsSaved, options_.in_caller_thread, &candidates);
    if (frozen_ != nullptr) Add(PlanKind::kFrozen, options_.in_caller_thread, &candidates);
    if (frozen_xla_ != nullptr) Add(PlanKind::kFrozenXla, options_.in_caller_thread, &candidates);
    trial.Compare(&candidates);
    report_.cases = static_cast<uint32_t>(trial.cases());
    report_.largest_difference = trial.largest_difference();
    if (trial.cases() == 0) {
      report_.reason = is_alone ? refusal_ : "there was no input to compare plans with";
      return;
    }
    trial.Time(&candidates);
    for (const Candidate& candidate : candidates) {
      if (!candidate.agrees) refusal_ = candidate.name + " does not agree: " + candidate.rejected;
    }
    TryPool(&trial, &candidates);
    Pick(candidates);
    Adopt();
  }

  void Add(PlanKind kind, bool in_caller_thread, std::vector<Candidate>* candidates) {
    Candidate& candidate = candidates->emplace_back();
    candidate.name = PlanName(kind);
    candidate.execution = {SessionOf(kind), in_caller_thread};
    if (kind == PlanKind::kFrozenXla) candidate.warm_runs = kRunsUntilCompiled;
    plans_.push_back({kind, in_caller_thread});
  }

  // The same plans on TensorFlow's pool, where that may pay.
  void TryPool(Trial* trial, std::vector<Candidate>* candidates) {
    if (!options_.in_caller_thread || !options_.try_pool) return;
    const size_t count = candidates->size();
    bool any = false;
    for (size_t i = 0; i < count; ++i) {
      const Candidate& candidate = (*candidates)[i];
      if (!candidate.agrees || !candidate.is_timed() || candidate.time < kPoolMayPay) continue;
      Add(plans_[i].kind, false, candidates);
      any = true;
    }
    if (any) trial->Time(candidates);
  }

  void Pick(const std::vector<Candidate>& candidates) {
    const auto time_of = [&](PlanKind kind, std::optional<bool> in_caller_thread) {
      auto best = std::chrono::nanoseconds::max();
      for (size_t i = 0; i < candidates.size(); ++i) {
        if (plans_[i].kind != kind || !candidates[i].agrees) continue;
        if (in_caller_thread && plans_[i].in_caller_thread != *in_caller_thread) continue;
        best = std::min(best, candidates[i].time);
      }
      return best;
    };
    const auto is_faster = [](std::chrono::nanoseconds one, std::chrono::nanoseconds other) {
      return static_cast<double>(one.count()) < kWorthwhile * static_cast<double>(other.count());
    };
    constexpr auto kNone = std::chrono::nanoseconds::max();
    PlanKind kind = PlanKind::kAsSaved;
    const auto frozen = time_of(PlanKind::kFrozen, {});
    const auto as_saved = time_of(PlanKind::kAsSaved, {});
    const bool pays = report_.lean ? !is_faster(as_saved, frozen) : is_faster(frozen, as_saved);
    if (frozen != kNone && (wanted_ || pays)) kind = PlanKind::kFrozen;
    if (is_faster(time_of(PlanKind::kFrozenXla, {}), time_of(kind, {}))) {
      kind = PlanKind::kFrozenXla;
    }
    report_.plan.kind = kind;
    if (is_faster(time_of(kind, false), time_of(kind, true))) {
      report_.plan.in_caller_thread = false;
    }
    report_.tried = true;
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (candidates[i].is_timed())
        report_.times.push_back({plans_[i], candidates[i].time.count()});
    }
    if (kind == PlanKind::kAsSaved && !refusal_.empty()) {
      report_.reason = refusal_;
    } else {
      report_.reason = wanted_ ? "asked for" : "the fastest of the trial";
    }
  }

  void Adopt() {
    cases_.clear();
    std::unique_ptr<GraphSession> session;
    if (report_.plan.kind == PlanKind::kFrozen) session = std::move(frozen_);
    if (report_.plan.kind == PlanKind::kFrozenXla) session = std::move(frozen_xla_);
    frozen_.reset();
    frozen_xla_.reset();
    report_.lean = report_.lean && report_.plan.kind == PlanKind::kFrozen;
    model_->Adopt(std::move(session), report_.plan.in_caller_thread);
    ReleaseFreed();  // what the other plans held
  }

  const GraphSession* SessionOf(PlanKind kind) const {
    if (kind == PlanKind::kFrozen) return frozen_.get();
    return kind == PlanKind::kFrozenXla ? frozen_xla_.get() : nullptr;
  }

  SavedModel* const model_;
  const PlanOptions& options_;
  std::optional<PlanKind> wanted_;
  PlanReport report_;
  std::string refusal_;  // why nothing is frozen
  std::unique_ptr<GraphSession> frozen_;
  std::unique_ptr<GraphSession> frozen_xla_;
  std::vector<TrialCase> cases_;
  std::vector<PlanChoice> plans_;  // of the candidates
};

}  // namespace

const char* PlanName(PlanKind kind) {
  switch (kind) {
    case PlanKind::kAsSaved:
      return "as-saved";
    case PlanKind::kFrozen:
      return "frozen";
    case PlanKind::kFrozenXla:
      return "frozen+xla";
  }
  return "";
}

PlanReport ChoosePlan(SavedModel* model, const PlanOptions& options) {
  return PlanChoosing(model, options).Choose();
}

}  // namespace tensorgate
