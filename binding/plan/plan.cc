#include "plan/plan.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <utility>

#include "plan/frozen_graph.h"
#include "plan/trial.h"
#include "plan/trial_cases.h"
#include "pool/allocator.h"
#include "pool/library_pages.h"
#include "pool/thread_time.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// Another plan must be this much faster: the trial's noise is no reason, and frozen graphs take
// more memory. One with shared weights does not, and wins where it is not that much slower.
constexpr double kWorthwhile = 0.97;

// With all CPUs for one run at a time it must take so much less than with one for each.
constexpr double kAllCpusPay = 0.75;

// Below this TensorFlow's pool costs more than any parallel branches can save.
constexpr std::chrono::milliseconds kPoolMayPay{1};

// Above this the trial of it costs more than the choice of threads is worth.
constexpr std::chrono::milliseconds kPoolTakesLong{1000};

// Below this another engine gains nothing, as its own call costs as much as TensorFlow's.
constexpr std::chrono::microseconds kEngineMayPay{100};

// Where there is nothing to choose but the threads, less is at stake.
constexpr std::chrono::milliseconds kLongestAlone{1000};

// The trial of another plan is to make a load no longer than half as long again; what takes less
// than this in all may be tried in any case.
constexpr double kMostOfLoad = 0.5;
constexpr std::chrono::seconds kMayAlwaysTake{3};

// What it takes in terms of what the load took: variables are read in a run of its own, of which a
// load has about three; and a frozen graph's first run takes longer, since more can be optimized.
constexpr double kOfLoad = 0.35;
constexpr double kOfFirstRun = 1.25;

// Further inputs are compared, half of it as saved, and runs are timed, for this part of what the
// load took by the clock: on a busy machine, where it takes longer, so do good samples.
constexpr int kPart = 5;
constexpr std::chrono::milliseconds kLeastCompared{100};
constexpr std::chrono::milliseconds kMostCompared{2000};
constexpr std::chrono::milliseconds kMostTimed{2000};

// In shorter loads it would be felt that pages of the library come back.
constexpr std::chrono::milliseconds kMayReleaseLibrary{250};

// Of an earlier trial's choice: the first input, and the same without rows.
constexpr size_t kCasesOfKnown = 2;

// TensorFlow compiles a cluster once it has run it a few times.
constexpr int kRunsUntilCompiled = 6;

class PlanChoosing {
 public:
  PlanChoosing(SavedModel* model, const PlanOptions& options)
      : model_(model),
        options_(options),
        wanted_(options.wanted),
        freezer_(*model, options.source) {
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
      options_.known ? TakeKnown() : Try();
    }
    report_.micros =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started).count();
    return std::move(report_);
  }

 private:
  // A frozen graph would leave the changes out, and no run could be tried without making some.
  bool ChangesState() {
    for (const Signature& signature : model_->signatures()) {
      if (signature.changed_by.empty()) continue;
      report_.reason = "signature " + signature.def.name + " may change its state: it uses " +
                       signature.changed_by;
      return true;
    }
    return false;
  }

  // The choice of an earlier trial of the same model on the same machine, if it still agrees.
  void TakeKnown() {
    if (options_.known->kind != PlanKind::kAsSaved) {
      TrialLimits limits;
      limits.cases = kCasesOfKnown;
      limits.keeps_nan = options_.keeps_nan;
      if (!MayFreeze() || (options_.source != nullptr && !MakeReference())) {
        return AsSaved(NoneToCompare());
      }
      // TensorFlow can end a run only in its pool, which does not give way to requests.
      if (!options_.may_be_endless) limits.run = std::chrono::milliseconds(0);
      NewTrial(limits);
      if (!trial_->Begin()) return AsSaved(NoneToCompare());
      MakeFrozen();
      if (SessionOf(options_.known->kind) == nullptr) return AsSaved(refusal_);
    }
    report_.plan = *options_.known;
    if (report_.plan.kind == PlanKind::kOpenVino &&
        EngineOf(report_.plan.in_caller_thread) == nullptr) {
      report_.plan.kind = PlanKind::kFrozen;
    }
    report_.reason = options_.known_from;
    Adopt();
  }

  void Try() {
    TrialLimits limits;
    limits.comparison = PartOfLoad(kLeastCompared, kMostCompared);
    limits.timing = PartOfLoad(std::chrono::milliseconds(options_.trial_millis), kMostTimed);
    limits.keeps_nan = options_.keeps_nan;
    const bool may_freeze = MayFreeze();
    const bool has_choice = may_freeze || (options_.in_caller_thread && !wanted_);
    if (!may_freeze) limits.run = kLongestAlone;
    NewTrial(limits);
    const std::chrono::nanoseconds before = ThreadCpuTime();
    if (!has_choice || !trial_->Begin()) return AsSaved(NoneToCompare());
    const std::chrono::nanoseconds first_run = ThreadCpuTime() - before;
    if (may_freeze && IsWorthTheTime(first_run)) {
      MakeFrozen();
    }
    std::vector<Candidate> candidates;
    for (PlanKind kind : {PlanKind::kAsSaved, PlanKind::kFrozen, PlanKind::kFrozenXla}) {
      if (kind == PlanKind::kAsSaved || SessionOf(kind) != nullptr) {
        candidates.push_back(NewCandidate(kind, options_.in_caller_thread));
      }
    }
    for (const bool in_caller_thread : {true, false}) {
      if (EngineOf(in_caller_thread) == nullptr) continue;
      candidates.push_back(NewCandidate(PlanKind::kOpenVino, in_caller_thread));
    }
    trial_->Time(&candidates);
    report_.plan.kind = FastestOf(candidates);
    if (report_.plan.kind == PlanKind::kOpenVino) ChooseEngine(candidates);
    TryPool(&candidates);
    report_.tried = true;
    report_.cases = static_cast<uint32_t>(trial_->cases());
    report_.largest_difference = trial_->largest_difference();
    if (report_.plan.kind == PlanKind::kAsSaved && !refusal_.empty()) {
      report_.reason = refusal_;
    } else {
      const bool is_wanted =
          wanted_ || (options_.wants_openvino && report_.plan.kind == PlanKind::kOpenVino);
      report_.reason = is_wanted ? "asked for" : "the fastest of the trial";
    }
    Adopt();
  }

  void NewTrial(const TrialLimits& limits) {
    trial_.emplace(*model_, cases_, limits, options_.in_caller_thread, options_.stop,
                   reference_.get());
  }

  void AsSaved(std::string why) {
    report_.plan.kind = PlanKind::kAsSaved;
    report_.reason = std::move(why);
    Adopt();
  }

  std::string NoneToCompare() const {
    return refusal_.empty() ? "there was no input to compare plans with" : refusal_;
  }

  bool MayFreeze() {
    const Status status = freezer_.Prepare(HasEngine());
    if (!status.ok()) refusal_ = "it cannot be frozen: " + status.message();
    return status.ok();
  }

  std::chrono::milliseconds PartOfLoad(std::chrono::milliseconds least,
                                       std::chrono::milliseconds most) const {
    const auto part =
        std::chrono::duration_cast<std::chrono::milliseconds>(options_.load_time / kPart);
    return std::max(least, std::min(part, most));
  }

  bool IsWorthTheTime(std::chrono::nanoseconds first_run) {
    if (wanted_ || options_.wants_openvino) return true;
    const std::chrono::duration<double> load = options_.load_cpu, run = first_run;
    const std::chrono::duration<double> trial = kOfLoad * load + kOfFirstRun * run;
    if (trial <= kMayAlwaysTake || trial <= kMostOfLoad * (load + run)) return true;
    refusal_ = "a trial of others would take too long beside the load";
    return false;
  }

  Status Freeze() {
    const Status status = freezer_.Freeze(options_.shared_weights, &frozen_graph_.emplace());
    if (!status.ok()) refusal_ = "it cannot be frozen: " + status.message();
    return status;
  }

  // What stands in for the graph as it was saved.
  bool MakeReference() {
    if (IsStopped(options_.stop) || !Freeze().ok()) return false;
    const Status status = NewReferenceSession(*frozen_graph_, options_.config_proto, &reference_);
    if (!status.ok()) refusal_ = "it cannot be frozen: " + status.message();
    return status.ok();
  }

  // Leaves what may take the place of the graph as it was saved, and agrees with it.
  void MakeFrozen() {
    if (IsStopped(options_.stop)) return;
    ReleaseBetween();  // what the load held
    Status status = frozen_graph_ ? Status() : Freeze();
    const FrozenGraph& frozen = *frozen_graph_;
    const bool may_share_weights = !frozen.weights.empty();
    if (status.ok()) {
      report_.variables = frozen.variables;
      report_.weight_bytes = frozen.weight_bytes;
      if (IsHeavy()) ReleaseFreed();  // what no signature needs
      trial_->AnswerAsSaved();
      if (IsHeavy()) ReleaseFreed();  // what TensorFlow's optimizers took
      status = NewFrozenSession(
          frozen, options_.config_proto,
          may_share_weights ? FrozenSessionKind::kTellsGraph : FrozenSessionKind::kPlain, &frozen_);
    }
    if (status.ok() && wanted_ == PlanKind::kFrozenXla) {
      status =
          NewFrozenSession(frozen, options_.config_proto, FrozenSessionKind::kXla, &frozen_xla_);
    }
    if (!status.ok()) {
      refusal_ = "it cannot be frozen: " + status.message();
      frozen_.reset();
      return;
    }
    if (may_share_weights) ShareWeights(frozen);
    if (!report_.shared_weights) KeepWhatAgrees(PlanKind::kFrozen, &frozen_);
    KeepWhatAgrees(PlanKind::kFrozenXla, &frozen_xla_);
    if (MayUseEngine()) MakeEngines();
    frozen_graph_.reset();
  }

  // Puts a session that holds the weights once in the place of the frozen one, if it agrees. Both
  // would take most when the new one runs first: the frozen one is made again in the rare case.
  void ShareWeights(const FrozenGraph& frozen) {
    ExecutedGraph executed;
    Status status = TellExecuted(frozen, *frozen_, cases_, &executed);
    report_.no_shared_weights = status.message();
    if (!status.ok()) return;
    for (const bool fuses : {true, false}) {
      if (IsStopped(options_.stop)) break;
      SharedWeightsSession shared;
      status = NewSharedWeightsSession(frozen, executed, options_.config_proto,
                                       options_.shared_weights, fuses, &shared);
      report_.no_shared_weights = status.message();
      if (status.ok()) {
        frozen_.reset();
        ReleaseBetween();
        if (options_.load_cpu >= kMayReleaseLibrary) ReleaseLibraryPages();
        Candidate candidate = NewCandidate(PlanKind::kFrozen, options_.in_caller_thread);
        candidate.execution.frozen = shared.session.get();
        trial_->Compare(&candidate);
        if (IsHeavy()) ReleaseFreed();  // what its first run took
        if (candidate.agrees) {
          frozen_ = std::move(shared.session);
          report_.shared_weights = true;
          report_.fused = static_cast<uint32_t>(shared.fused);
          report_.nan = candidate.nan;
          return;
        }
        report_.no_shared_weights = "it does not agree: " + candidate.rejected;
      }
      if (shared.fused == 0) break;
    }
    if (frozen_ != nullptr || IsStopped(options_.stop)) return;
    status = NewFrozenSession(frozen, options_.config_proto, FrozenSessionKind::kPlain, &frozen_);
    if (status.ok()) return;
    refusal_ = "it cannot be frozen: " + status.message();
    frozen_.reset();
  }

  void KeepWhatAgrees(PlanKind kind, std::unique_ptr<GraphSession>* session) {
    if (*session == nullptr) return;
    Candidate candidate = NewCandidate(kind, options_.in_caller_thread);
    trial_->Compare(&candidate);
    if (candidate.agrees) {
      report_.nan = candidate.nan;
      return;
    }
    refusal_ = candidate.name + " does not agree: " + candidate.rejected;
    session->reset();
  }

  bool HasEngine() const { return !options_.openvino.library.empty(); }

  bool MayUseEngine() {
    if (!HasEngine() || frozen_ == nullptr || IsStopped(options_.stop)) return false;
    if (options_.wants_openvino || wanted_ == PlanKind::kOpenVino) return true;
    if (wanted_) return false;
    const Candidate frozen = NewCandidate(PlanKind::kFrozen, options_.in_caller_thread);
    if (trial_->RoughTime(frozen) >= kEngineMayPay) return true;
    report_.no_openvino = "a run takes too little for it to pay";
    return false;
  }

  // What comes in other shapes than the first is TensorFlow's in the trial.
  void MakeEngines() {
    const bool in_caller_thread =
        options_.known ? options_.known->in_caller_thread : options_.in_caller_thread;
    MakeEngine(in_caller_thread);
    if (options_.known || !MayTryPool() || EngineOf(in_caller_thread) == nullptr) return;
    const auto time = trial_->RoughTime(NewCandidate(PlanKind::kOpenVino, in_caller_thread));
    if (time >= kPoolMayPay && time <= kPoolTakesLong) MakeEngine(false);
  }

  void MakeEngine(bool in_caller_thread) {
    std::unique_ptr<OpenVinoEngine>& engine = in_caller_thread ? engine_ : pool_engine_;
    std::string refusals;
    const Status status = OpenVinoEngine::Make(*model_, *frozen_graph_, options_.openvino,
                                               in_caller_thread, &engine, &refusals);
    report_.no_openvino = status.ok() ? refusals : status.message();
    if (!status.ok()) return;
    Candidate candidate = NewCandidate(PlanKind::kOpenVino, in_caller_thread);
    engine->CompileFor(trial_->timed()->feeds, trial_->timed()->values);
    ReleaseBetween();  // the model that was read for it
    trial_->Compare(&candidate);
    if (candidate.agrees) return;
    report_.no_openvino = "it does not agree: " + candidate.rejected;
    engine.reset();
  }

  OpenVinoEngine* EngineOf(bool in_caller_thread) const {
    return in_caller_thread ? engine_.get() : pool_engine_.get();
  }

  bool MayTryPool() const { return options_.in_caller_thread && options_.try_pool; }

  Candidate NewCandidate(PlanKind kind, bool in_caller_thread) const {
    Candidate candidate;
    candidate.kind = kind;
    candidate.name = PlanName(kind);
    candidate.execution = {SessionOf(kind), in_caller_thread,
                           kind == PlanKind::kOpenVino ? EngineOf(in_caller_thread) : nullptr};
    if (kind == PlanKind::kFrozenXla) candidate.warm_runs = kRunsUntilCompiled;
    return candidate;
  }

  static bool IsFaster(std::chrono::nanoseconds one, std::chrono::nanoseconds other) {
    return static_cast<double>(one.count()) < kWorthwhile * static_cast<double>(other.count());
  }

  PlanKind FastestOf(const std::vector<Candidate>& candidates) const {
    const auto time_of = [&](PlanKind kind) {
      auto time = std::chrono::nanoseconds::max();
      for (const Candidate& each : candidates) {
        if (each.kind == kind && each.agrees) time = std::min(time, each.time);
      }
      return time;
    };
    constexpr auto kNone = std::chrono::nanoseconds::max();
    PlanKind kind = PlanKind::kAsSaved;
    const auto frozen = time_of(PlanKind::kFrozen);
    const auto as_saved = time_of(PlanKind::kAsSaved);
    const bool pays =
        report_.shared_weights ? !IsFaster(as_saved, frozen) : IsFaster(frozen, as_saved);
    if (frozen != kNone && (wanted_ || pays)) kind = PlanKind::kFrozen;
    if (IsFaster(time_of(PlanKind::kFrozenXla), time_of(kind))) kind = PlanKind::kFrozenXla;
    const auto openvino = time_of(PlanKind::kOpenVino);
    const bool takes_engine = options_.wants_openvino || IsFaster(openvino, time_of(kind));
    return openvino != kNone && takes_engine ? PlanKind::kOpenVino : kind;
  }

  // Whether a run has one thread or all CPUs: all of them make less of their time.
  void ChooseEngine(const std::vector<Candidate>& candidates) {
    const auto time_of = [&](bool in_caller_thread) {
      for (const Candidate& each : candidates) {
        const bool is_it =
            each.kind == PlanKind::kOpenVino && each.execution.in_caller_thread == in_caller_thread;
        if (is_it && each.agrees) return static_cast<double>(each.time.count());
      }
      return std::numeric_limits<double>::infinity();
    };
    report_.plan.in_caller_thread = time_of(false) > kAllCpusPay * time_of(true);
  }

  // The chosen plan on TensorFlow's pool, where that may pay: both once more, in turns.
  void TryPool(std::vector<Candidate>* candidates) {
    const auto chosen = std::find_if(candidates->begin(), candidates->end(), [&](const auto& each) {
      return each.kind == report_.plan.kind;
    });
    const bool may_pay = MayTryPool() && chosen->is_timed() &&
                         chosen->kind != PlanKind::kOpenVino && chosen->time >= kPoolMayPay &&
                         chosen->time <= kPoolTakesLong;
    if (may_pay) {
      std::vector<Candidate> both = {*chosen, NewCandidate(chosen->kind, false)};
      trial_->Time(&both);
      *chosen = both[0];
      if (IsFaster(both[1].time, both[0].time)) report_.plan.in_caller_thread = false;
      candidates->push_back(both[1]);
    }
    for (const Candidate& each : *candidates) {
      if (!each.is_timed()) continue;
      report_.times.push_back({{each.kind, each.execution.in_caller_thread}, each.time.count()});
    }
  }

  void Adopt() {
    trial_.reset();
    cases_.clear();
    if (IsStopped(options_.stop)) return;
    std::unique_ptr<GraphSession> session;
    const bool has_engine = report_.plan.kind == PlanKind::kOpenVino;
    if (report_.plan.kind == PlanKind::kFrozen || has_engine) session = std::move(frozen_);
    if (report_.plan.kind == PlanKind::kFrozenXla) session = std::move(frozen_xla_);
    frozen_.reset();
    frozen_xla_.reset();
    reference_.reset();
    frozen_graph_.reset();
    std::unique_ptr<OpenVinoEngine> engine;
    if (has_engine) engine = std::move(report_.plan.in_caller_thread ? engine_ : pool_engine_);
    engine_.reset();
    pool_engine_.reset();
    if (report_.plan.kind != PlanKind::kFrozen && !has_engine) report_.shared_weights = false;
    if (report_.plan.kind == PlanKind::kAsSaved) report_.nan.clear();
    model_->Adopt(std::move(session), report_.plan.in_caller_thread, std::move(engine));
    ReleaseBetween();  // what the other plans held
    // What only TensorFlow's optimizers use.
    if (options_.load_cpu >= kMayReleaseLibrary) ReleaseLibraryPages();
  }

  // The load gives back at its end, too, and whoever needs memory meanwhile waits for it.
  void ReleaseBetween() const {
    if (options_.source == nullptr || IsHeavy()) ReleaseFreed();
  }

  bool IsHeavy() const { return report_.weight_bytes >= kMuchWeight; }

  const GraphSession* SessionOf(PlanKind kind) const {
    if (kind == PlanKind::kFrozen || kind == PlanKind::kOpenVino) return frozen_.get();
    return kind == PlanKind::kFrozenXla ? frozen_xla_.get() : nullptr;
  }

  SavedModel* const model_;
  const PlanOptions& options_;
  std::optional<PlanKind> wanted_;
  PlanReport report_;
  std::string refusal_;  // why nothing is frozen
  ModelFreezer freezer_;
  std::optional<FrozenGraph> frozen_graph_;
  std::unique_ptr<GraphSession> reference_;
  std::unique_ptr<GraphSession> frozen_;
  std::unique_ptr<GraphSession> frozen_xla_;
  std::unique_ptr<OpenVinoEngine> engine_;       // beside frozen_, a thread for each run
  std::unique_ptr<OpenVinoEngine> pool_engine_;  // likewise, all CPUs for one run
  std::vector<TrialCase> cases_;
  std::optional<Trial> trial_;
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
    case PlanKind::kOpenVino:
      return "openvino";
  }
  return "";
}

PlanReport ChoosePlan(SavedModel* model, const PlanOptions& options) {
  return PlanChoosing(model, options).Choose();
}

}  // namespace tensorgate
