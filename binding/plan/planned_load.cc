#include "plan/planned_load.h"

#include <chrono>
#include <string>

#include "plan/graph_fingerprint.h"
#include "runtime/thread_time.h"

namespace tensorgate {
namespace {

// ConfigProto { graph_options { rewrite_options { disable_meta_optimizer: true } } }
constexpr char kNoOptimizers[] = {'\x52', '\x05', '\x52', '\x03', '\x98', '\x01', '\x01'};

Status LoadOnce(const LoadOptions& options, PlanOptions* plan,
                const std::function<void(SavedModel*)>& on_loaded,
                std::unique_ptr<SavedModel>* model, PlanReport* report) {
  const std::chrono::nanoseconds cpu = ThreadCpuTime();
  const auto started = std::chrono::steady_clock::now();
  const Status status = SavedModel::Load(options, model);
  plan->load_cpu = ThreadCpuTime() - cpu;
  plan->load_time = std::chrono::steady_clock::now() - started;
  if (!status.ok()) return status;
  on_loaded(model->get());
  if (!IsStopped(plan->stop)) *report = ChoosePlan(model->get(), *plan);
  return status;
}

}  // namespace

Status LoadWithPlan(const LoadOptions& options, PlanOptions plan,
                    const std::function<void(SavedModel*)>& on_loaded,
                    std::unique_ptr<SavedModel>* model, PlanReport* report) {
  std::string graph;
  if (plan.refusal.empty() && plan.wanted != PlanKind::kAsSaved) {
    graph = GraphFingerprint(options.path, options.tags);
  }
  if (!plan.known_graph.empty() && plan.known_graph != graph) plan.known.reset();
  Status status;
  if (plan.known && plan.known->kind != PlanKind::kAsSaved) {
    // The graph as it was saved only hands its variables over, and says once what it answers:
    // TensorFlow's optimizers would take more than half of the load.
    LoadOptions as_a_step = options;
    as_a_step.config_proto.append(kNoOptimizers, sizeof(kNoOptimizers));
    status = LoadOnce(as_a_step, &plan, on_loaded, model, report);
    if (!status.ok() || IsStopped(plan.stop)) return status;
    if (report->plan.kind == PlanKind::kAsSaved) {
      model->reset();
      plan.known.reset();
    }
  }
  if (*model == nullptr) status = LoadOnce(options, &plan, on_loaded, model, report);
  if (report->tried || plan.known) report->graph = graph;
  return status;
}

}  // namespace tensorgate
