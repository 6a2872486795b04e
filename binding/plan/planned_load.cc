#include "plan/planned_load.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "plan/checkpoint_load.h"
#include "plan/graph_fingerprint.h"
#include "plan/op_refusal.h"
#include "plan/saved_graph.h"
#include "pool/thread_time.h"

namespace tensorgate {
namespace {

// ConfigProto { graph_options { rewrite_options { disable_meta_optimizer: true } } }
constexpr char kNoOptimizers[] = {'\x52', '\x05', '\x52', '\x03', '\x98', '\x01', '\x01'};

Status LoadOnce(const LoadOptions& options, PlanOptions* plan, bool is_known,
                const OnLoaded& on_loaded, std::unique_ptr<SavedModel>* model, PlanReport* report) {
  const std::chrono::nanoseconds cpu = ThreadCpuTime();
  const auto started = std::chrono::steady_clock::now();
  const Status status = SavedModel::Load(options, model);
  plan->load_cpu = ThreadCpuTime() - cpu;
  plan->load_time = std::chrono::steady_clock::now() - started;
  if (!status.ok()) return status;
  if (IsStopped(plan->stop)) return LoadCancelled();
  on_loaded(model->get(), is_known);
  if (!IsStopped(plan->stop)) *report = ChoosePlan(model->get(), *plan);
  return status;
}

Status LoadAllowed(const LoadOptions& options, PlanOptions plan, const OnLoaded& on_loaded,
                   std::unique_ptr<SavedModel>* model, PlanReport* report) {
  std::string graph;
  std::optional<SavedGraph> saved;
  if (plan.refusal.empty() && plan.wanted != PlanKind::kAsSaved &&
      ReadSavedGraph(options.path, options.tags, &saved.emplace())) {
    graph = GraphFingerprint(*saved);
  }
  if (!plan.known_graph.empty() && plan.known_graph != graph) plan.known.reset();
  const bool is_known = !graph.empty() && plan.known_graph == graph;
  if (is_known && plan.learned != nullptr && plan.known->kind == PlanKind::kFrozen) {
    if (LoadFromCheckpoint(options, plan, *saved, model, report)) {
      report->graph = graph;
      return Status();
    }
    if (IsStopped(plan.stop)) return LoadCancelled();
  }
  saved.reset();
  Status status;
  if (plan.known && plan.known->kind != PlanKind::kAsSaved) {
    // The graph as it was saved only hands its variables over, and says once what it answers:
    // TensorFlow's optimizers would take more than half of the load.
    LoadOptions as_a_step = options;
    as_a_step.config_proto.append(kNoOptimizers, sizeof(kNoOptimizers));
    status = LoadOnce(as_a_step, &plan, is_known, on_loaded, model, report);
    if (!status.ok() || IsStopped(plan.stop)) return status;
    if (report->plan.kind == PlanKind::kAsSaved) {
      model->reset();
      plan.known.reset();
    }
  }
  if (*model == nullptr) status = LoadOnce(options, &plan, is_known, on_loaded, model, report);
  if (report->tried || plan.known) report->graph = graph;
  return status;
}

}  // namespace

Status LoadWithPlan(const LoadOptions& options, PlanOptions plan, const OnLoaded& on_loaded,
                    std::unique_ptr<SavedModel>* model, PlanReport* report) {
  RefusedNodes refused;
  Status status = RefuseOps(options, &refused);
  if (!status.ok()) return status;
  status = LoadAllowed(options, std::move(plan), on_loaded, model, report);
  if (*model != nullptr) (*model)->Refuse(std::move(refused));
  return status;
}

}  // namespace tensorgate
