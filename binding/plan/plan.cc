#include "plan/plan.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "plan/engine_candidates.h"
#include "plan/fastest_plan.h"
#include "plan/frozen_graph.h"
#include "plan/trial_budget.h"
#include "plan/trial_cases.h"
#include "pool/allocator.h"
#include "pool/library_pages.h"
#include "pool/thread_time.h"

namespace tensorgate {
namespace {

using Clock = std::chrono::steady_clock;

// Below this TensorFlow's pool costs more than any parallel branches can save.
constexpr std::chrono::milliseconds kPoolMayPay{1};

// Above this the trial of it costs more than the choice of threads is worth.
constexpr std::chrono::milliseconds kPoolTakesLong{1000};

// Below this another engine gains nothing: OpenVINO takes one or two for a run of any model.
constexpr std::chrono::microseconds kEngineMayPay{3};

// Where there is nothing to choose but the threads, less is at stake.
constexpr std::chrono::milliseconds kLongestAlone{1000};

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
        freezer_(*model, options.source),
        engines_(*model, options.openvino, [this] { ReleaseBetween(); }) {
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
        engines_.Of(report_.plan.in_caller_thread) == nullptr) {
      report_.plan.kind = PlanKind::kFrozen;
    }
    report_.reason = options_.known_from;
    Adopt();
  }

  void Try() {
    TrialLimits limits = LimitsOfTrial(options_.load_time, options_.trial_millis);
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
      if (engines_.Of(in_caller_thread) == nullptr) continue;
      candidates.push_back(NewCandidate(PlanKind::kOpenVino, in_caller_thread));
    }
    trial_->Time(&candidates);
    report_.plan.kind = FastestPlan(
        candidates, {wanted_.has_value(), options_.openvino.is_wanted, report_.shared_weights});
    if (report_.plan.kind == PlanKind::kOpenVino) {
      report_.plan.in_caller_thread = HasOneThreadARun(candidates);
    }
    TryPool(&candidates);
    report_.tried = true;
    report_.cases = static_cast<uint32_t>(trial_->cases());
    report_.largest_difference = trial_->largest_difference();
    if (report_.plan.kind == PlanKind::kAsSaved && !refusal_.empty()) {
      report_.reason = refusal_;
    } else {
      const bool is_wanted =
          wanted_ || (options_.openvino.is_wanted && report_.plan.kind == PlanKind::kOpenVino);
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
    const Status status = freezer_.Prepare(engines_.can_exist());
    if (!status.ok()) refusal_ = "it cannot be frozen: " + status.message();
    return status.ok();
  }

  bool IsWorthTheTime(std::chrono::nanoseconds first_run) {
    if (wanted_ || options_.openvino.is_wanted || IsWorthATrial(options_.load_cpu, first_run)) {
      return true;
    }
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
    refusal_ = std::string(PlanName(kind)) + " does not agree: " + candidate.rejected;
    session->reset();
  }

  bool MayUseEngine() {
    if (!engines_.can_exist() || frozen_ == nullptr || IsStopped(options_.stop)) return false;
    if (options_.openvino.is_wanted || wanted_ == PlanKind::kOpenVino) return true;
    if (wanted_) return false;
    const Candidate frozen = NewCandidate(PlanKind::kFrozen, options_.in_caller_thread);
    if (trial_->RoughTime(frozen) >= kEngineMayPay) return true;
    report_.no_openvino = "a run takes too little for it to pay";
    return false;
  }

  void MakeEngines() {
    const bool in_caller_thread =
        options_.known ? options_.known->in_caller_thread : options_.in_caller_thread;
    const bool is_made = MakeEngine(in_caller_thread);
    if (!is_made || options_.known || !MayTryPool()) return;
    const auto time = trial_->RoughTime(NewCandidate(PlanKind::kOpenVino, in_caller_thread));
    if (time >= kPoolMayPay && time <= kPoolTakesLong) MakeEngine(false);
  }

  bool MakeEngine(bool in_caller_thread) {
    const bool is_made = engines_.Make(in_caller_thread, *frozen_graph_, frozen_.get(), &*trial_);
    report_.no_openvino = engines_.refusals();
    return is_made;
  }

  bool MayTryPool() const { return options_.in_caller_thread && options_.try_pool; }

  Candidate NewCandidate(PlanKind kind, bool in_caller_thread) const {
    Candidate candidate;
    candidate.kind = kind;
    candidate.execution = {SessionOf(kind), in_caller_thread,
                           kind == PlanKind::kOpenVino ? engines_.Of(in_caller_thread) : nullptr};
    if (kind == PlanKind::kFrozenXla) candidate.warm_runs = kRunsUntilCompiled;
    return candidate;
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
    if (has_engine) engine = engines_.Take(report_.plan.in_caller_thread);
    engines_.End();
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
  EngineCandidates engines_;  // beside frozen_
  std::vector<TrialCase> cases_;
  std::optional<Trial> trial_;
};

}  // namespace

PlanReport ChoosePlan(SavedModel* model, const PlanOptions& options) {
  return PlanChoosing(model, options).Choose();
}

}  // namespace tensorgate
