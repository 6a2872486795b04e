#include "plan/checkpoint_load.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/attr_value.h"
#include "model/run_statistics.h"
#include "plan/checkpoint_values.h"
#include "tf/status.h"
#include "warmup/known_graph.h"

namespace tensorgate {
namespace {

// Nodes without anything behind them, for what the signatures name, in their order.
class Endpoints {
 public:
  Endpoints(const GraphDef& saved, const KnownGraph& known, TF_Graph* graph)
      : known_(known.endpoints), graph_(graph), nodes_(NodesByNameOf(saved.nodes)) {}

  bool AreAllTaken() const { return next_ == known_.size(); }

  // The operation is null where the graph does not have the tensor.
  TF_Output Next(const std::string& op, int index) {
    const bool is_there = next_ < known_.size() && known_[next_];
    ++next_;
    const auto node = nodes_.find(op);
    if (node == nodes_.end() || !is_there) return TF_Output{nullptr, index};
    TF_Operation*& made = made_[op];
    if (made == nullptr) made = Make(*node->second);
    return TF_Output{made, index};
  }

 private:
  // Placeholders stay what they are: whether a signature feeds one says something of the graph.
  TF_Operation* Make(const Node& node) {
    const std::string_view* attr = node.attr("dtype");
    DataType dtype;
    const bool is_placeholder =
        node.op == "Placeholder" && attr != nullptr && ReadTypeAttr(*attr, &dtype);
    TF_OperationDescription* made = TF_NewOperation(graph_, is_placeholder ? "Placeholder" : "NoOp",
                                                    std::string(node.name).c_str());
    if (is_placeholder) TF_SetAttrType(made, "dtype", static_cast<TF_DataType>(dtype));
    StatusHandle status(TF_NewStatus());
    return TF_FinishOperation(made, status.get());
  }

  const std::vector<bool>& known_;
  size_t next_ = 0;
  TF_Graph* const graph_;
  const NodesByName nodes_;
  std::unordered_map<std::string, TF_Operation*> made_;
};

bool HasLoops(const GraphDef& graph) {
  const auto has_loop = [](const std::vector<Node>& nodes) {
    return std::any_of(nodes.begin(), nodes.end(), [](const Node& node) {
      return node.op == "While" || node.op == "StatelessWhile" || node.op == "Enter" ||
             node.op == "RefEnter" || node.op == "For";
    });
  };
  return has_loop(graph.nodes) ||
         std::any_of(graph.functions.begin(), graph.functions.end(),
                     [&](const Function& function) { return has_loop(function.nodes); });
}

}  // namespace

bool LoadFromCheckpoint(const LoadOptions& options, PlanOptions plan, const SavedGraph& saved,
                        std::unique_ptr<SavedModel>* model, PlanReport* report) {
  const auto started = std::chrono::steady_clock::now();
  const auto& synthetic = plan.learned->synthetic;
  GraphHandle graph(TF_NewGraph());
  Endpoints endpoints(saved.graph, *plan.learned, graph.get());
  std::unique_ptr<SavedModel> made;
  const Status status = SavedModel::WithoutSession(
      options, saved.meta_graph_def, std::move(graph),
      [&](const std::string& op, int index) { return endpoints.Next(op, index); }, &made);
  if (!status.ok() || !endpoints.AreAllTaken() || made->signatures().size() != synthetic.size()) {
    return false;
  }
  for (size_t i = 0; i < synthetic.size(); ++i) {
    made->SetSynthetic(made->signatures()[i], synthetic[i]);
  }
  CheckpointValues values(saved, options.path, options.config_proto);
  plan.source = &values;
  plan.may_be_endless = HasLoops(saved.graph);
  PlanReport chosen = ChoosePlan(made.get(), plan);
  if (IsStopped(plan.stop) || chosen.plan.kind == PlanKind::kAsSaved) return false;
  chosen.from_checkpoint = true;
  *report = std::move(chosen);
  *model = std::move(made);
  RunStatistics::Process().CountLoad(options.path, true,
                                     std::chrono::steady_clock::now() - started);
  return true;
}

}  // namespace tensorgate
