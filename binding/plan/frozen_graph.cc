#include "plan/frozen_graph.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "graph/freeze.h"
#include "plan/variable_values.h"
#include "tf/status.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// ConfigProto { experimental { optimize_for_static_graph: true disable_output_partition_graphs:
// true } }: without them TensorFlow keeps the graph, and every constant, twice more.
constexpr char kKeepFewerCopies[] = {'\x82', '\x01', '\x04', '\x60', '\x01', '\x70', '\x01'};

// ConfigProto { graph_options { optimizer_options { global_jit_level: ON_1 cpu_global_jit: true } }
// }
constexpr char kJustInTime[] = {'\x52', '\x06', '\x1a', '\x04', '\x28', '\x01', '\x38', '\x01'};

std::vector<SignatureTensors> TensorsOf(const SavedModel& model) {
  std::vector<SignatureTensors> tensors;
  for (const BoundSignature& signature : model.signatures()) {
    SignatureTensors& of_signature = tensors.emplace_back();
    for (const TF_Output& input : signature.inputs) {
      if (input.oper != nullptr) of_signature.feeds.push_back(input);
    }
    for (const TF_Output& output : signature.outputs) {
      if (output.oper != nullptr) of_signature.fetches.push_back(output);
    }
  }
  return tensors;
}

// Cheaper than to read the whole graph, with all constants in it, only to find none.
bool HasVariables(TF_Graph* graph) {
  size_t position = 0;
  while (TF_Operation* oper = TF_GraphNextOperation(graph, &position)) {
    const std::string_view op = TF_OperationOpType(oper);
    if (op == "VarHandleOp" || op == "VariableV2" || op == "Variable") return true;
  }
  return false;
}

}  // namespace

Status FreezeModel(const SavedModel& model, FrozenGraph* frozen) {
  if (!HasVariables(model.graph())) return CannotFreeze("it has no variables");
  std::set<std::string> roots;
  for (const SignatureTensors& tensors : TensorsOf(model)) {
    for (const TF_Output& feed : tensors.feeds) roots.insert(TF_OperationName(feed.oper));
    for (const TF_Output& fetch : tensors.fetches) roots.insert(TF_OperationName(fetch.oper));
  }
  // Before the nodes that read variables are added.
  StatusHandle tf_status(TF_NewStatus());
  BufferHandle serialized(TF_NewBuffer());
  TF_GraphToGraphDef(model.graph(), serialized.get(), tf_status.get());
  if (TF_GetCode(tf_status.get()) != TF_OK) return FromTf(tf_status.get());
  GraphDef graph;
  Status status =
      ReadGraphDef({static_cast<const char*>(serialized->data), serialized->length}, &graph);
  if (!status.ok()) return status;
  Freezer freezer(graph, {roots.begin(), roots.end()});
  std::vector<GraphVariable> variables;
  status = freezer.FindVariables(&variables);
  if (!status.ok()) return status;
  if (variables.empty()) return CannotFreeze("it has no variables");
  std::vector<TensorHandle> values;
  status = ReadVariables(model.graph(), model.session(), variables, &values);
  if (!status.ok()) return status;
  std::map<std::string_view, TensorView> views;
  std::vector<std::vector<int64_t>> dims(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == nullptr) continue;
    views.emplace(variables[i].name, ViewOf(values[i].get(), &dims[i]));
    frozen->weight_bytes += static_cast<int64_t>(TF_TensorByteSize(values[i].get()));
  }
  frozen->variables = static_cast<uint32_t>(views.size());
  if (views.empty()) return CannotFreeze("none of its variables is initialized");
  return freezer.Freeze(views, &frozen->graph_def);
}

Status NewFrozenSession(const SavedModel& model, const FrozenGraph& frozen,
                        const std::string& config_proto, bool xla,
                        std::unique_ptr<GraphSession>* session) {
  // Protobuf merges what is appended.
  std::string config = config_proto + std::string(kKeepFewerCopies, sizeof(kKeepFewerCopies));
  if (xla) config.append(kJustInTime, sizeof(kJustInTime));
  return GraphSession::Create(config, frozen.graph_def, TensorsOf(model), session);
}

}  // namespace tensorgate
