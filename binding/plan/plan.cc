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

// A session that holds the weights once may be this much slower than one that does not: its reads
// of variables cost far less, the trial's noise does not.
constexpr double kLeanMayTake = 1.25;
constexpr int kLeanTrials = 3;  // more of them, before it is found to be slower

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
    FrozenGraph frozen;
    Status status = FreezeModel(*model_, &frozen);
    if (status.ok()) {
      report_.variables = frozen.variables;
      report_.weight_bytes = frozen.weight_bytes;
      keeps_graph_ = frozen.weight_bytes >= options_.lean.weights && !cases_.empty();
      status = NewFrozenSession(
          frozen, options_.config_proto,
          keeps_graph_ ? FrozenSessionKind::kTellsGraph : FrozenSessionKind::kPlain, &frozen_);
    }
    if (status.ok() && wanted_ == PlanKind::kFrozenXla) {
      status =
          NewFrozenSession(frozen, options_.config_proto, FrozenSessionKind::kXla, &frozen_xla_);
    }
    if (!status.ok()) {
      refusal_ = "it cannot be frozen: " + status.message();
    } else if (keeps_graph_) {
      std::string().swap(frozen.graph_def);  // as large as the weights
      for (const bool fuses : {true, false}) {
        status = NewLeanSession(frozen.signatures, *frozen_, cases_, options_.config_proto,
                                options_.lean, fuses, &lean_);
        report_.no_lean = status.message();
        if (lean_.fused == 0 || (status.ok() && CompareLean(nullptr).agrees)) break;
      }
    }
  }

  // The lean session beside the graph as it was saved. `cases`: how many were compared.
  Candidate CompareLean(size_t* cases) {
    Trial trial(*model_, cases_, TrialLimits());
    std::vector<Candidate> candidates(2);
    candidates[0].execution = {nullptr, options_.in_caller_thread};
    candidates[1].execution = {lean_.session.get(), options_.in_caller_thread};
    trial.Compare(&candidates);
    if (cases != nullptr) *cases = trial.cases();
    return std::move(candidates[1]);
  }

  void TakeLean() {
    frozen_ = std::move(lean_.session);
    keeps_graph_ = false;
    report_.lean = true;
    report_.fused = static_cast<uint32_t>(lean_.fused);
  }

  void LeaveLean(std::string why) {
    report_.no_lean = std::move(why);
    lean_.session.reset();
  }

  // In place of a session that keeps more than is needed to run.
  void FreezeAgain() {
    FrozenGraph frozen;
    std::unique_ptr<GraphSession> session;
    if (!FreezeModel(*model_, &frozen).ok()) return;
    const Status status =
        NewFrozenSession(frozen, options_.config_proto, FrozenSessionKind::kPlain, &session);
    if (status.ok()) frozen_ = std::move(session);
  }

  // The choice of an earlier trial of the same model on the same machine.
  void TakeKnown() {
    if (lean_.session != nullptr) {
      size_t cases = 0;
      const Candidate lean = CompareLean(&cases);
      cases > 0 && lean.agrees ? TakeLean() : LeaveLean(lean.rejected);
    }
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
    if (lean_.session != nullptr) AddLean(&candidates);
    trial.Compare(&candidates);
    report_.cases = static_cast<uint32_t>(trial.cases());
    report_.largest_difference = trial.largest_difference();
    if (trial.cases() == 0) {
      report_.reason = is_alone ? refusal_ : "there was no input to compare plans with";
      return;
    }
    trial.Time(&candidates);
    if (lean_.session != nullptr) ChooseLean(&trial, &candidates);
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

  void AddLean(std::vector<Candidate>* candidates) {
    Add(PlanKind::kFrozen, options_.in_caller_thread, candidates);
    candidates->back().execution.frozen = lean_.session.get();
  }

  // Leaves one of the two candidates that are frozen: the lean one, which is the last, where it is
  // as good.
  void ChooseLean(Trial* trial, std::vector<Candidate>* candidates) {
    size_t other = 0;
    while (plans_[other].kind != PlanKind::kFrozen) ++other;
    const auto is_slower = [&] {
      return static_cast<double>(candidates->back().time.count()) >
             kLeanMayTake * static_cast<double>((*candidates)[other].time.count());
    };
    // Other loads may run beside this one: the best time of a few runs may be none of the best.
    for (int again = 0; again < kLeanTrials && candidates->back().agrees && is_slower(); ++again) {
      trial->Time(candidates);
    }
    const bool slower = is_slower();
    const Candidate lean = std::move(candidates->back());
    candidates->pop_back();
    plans_.pop_back();
    if (!lean.agrees) return LeaveLean("it does not agree: " + lean.rejected);
    if (slower) return LeaveLean("it is slower");
    Candidate& plain = (*candidates)[other];
    plain = lean;
    TakeLean();
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
    if (report_.plan.kind == PlanKind::kFrozen && keeps_graph_) FreezeAgain();
    if (report_.plan.kind == PlanKind::kFrozen) session = std::move(frozen_);
    if (report_.plan.kind == PlanKind::kFrozenXla) session = std::move(frozen_xla_);
    frozen_.reset();
    frozen_xla_.reset();
    lean_.session.reset();
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
  LeanSession lean_;          // what may take the place of frozen_
  bool keeps_graph_ = false;  // frozen_ does, for the sake of lean_
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
