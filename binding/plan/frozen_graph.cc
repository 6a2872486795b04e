#include "plan/frozen_graph.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "graph/attr_value.h"
#include "graph/expression_hash.h"
#include "graph/freeze.h"
#include "plan/optimizers.h"
#include "plan/variable_values.h"
#include "tf/status.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// ConfigProto { experimental { disable_output_partition_graphs: true } }: without it TensorFlow
// keeps the optimized graph of each signature, with every constant, beside its kernels. (That it
// also keeps the graph twice as it was given cannot be helped: optimize_for_static_graph is not for
// sessions that are made through the C API.)
constexpr char kKeepFewerCopies[] = {'\x82', '\x01', '\x02', '\x70', '\x01'};

// ConfigProto { graph_options { optimizer_options { global_jit_level: ON_1 cpu_global_jit: true } }
// }
constexpr char kJustInTime[] = {'\x52', '\x06', '\x1a', '\x04', '\x28', '\x01', '\x38', '\x01'};

NamedOutput Named(const TF_Output& output) {
  return {output, std::string(TF_OperationName(output.oper)) + ":" + std::to_string(output.index)};
}

std::vector<SignatureTensors> TensorsOf(const SavedModel& model) {
  std::vector<SignatureTensors> signatures;
  for (const Signature* signature : model.SignaturesInOrder()) {
    SignatureTensors& tensors = signatures.emplace_back();
    for (const TF_Output& input : signature->inputs) {
      if (input.oper != nullptr) tensors.feeds.push_back(Named(input));
    }
    for (const TF_Output& output : signature->outputs) {
      if (output.oper != nullptr) tensors.fetches.push_back(Named(output));
    }
  }
  return signatures;
}

std::vector<std::string> NamesOf(const std::vector<NamedOutput>& tensors) {
  std::vector<std::string> names;
  for (const NamedOutput& tensor : tensors) names.push_back(tensor.name);
  return names;
}

void Rename(const std::vector<NamedOutput>& as, std::vector<NamedOutput>* tensors) {
  for (size_t i = 0; i < tensors->size(); ++i) (*tensors)[i].name = as[i].name;
}

// Gives the tensors of a signature that computes the same as an earlier one the names of that
// one's. Only where no other signature has them: a tensor has one name.
void Unite(const GraphDef& graph, std::vector<SignatureTensors>* signatures) {
  std::map<std::string, int> uses;
  for (const SignatureTensors& signature : *signatures) {
    for (const std::string& name : NamesOf(signature.feeds)) ++uses[name];
    for (const std::string& name : NamesOf(signature.fetches)) ++uses[name];
  }
  const auto is_used_once = [&](const NamedOutput& tensor) { return uses[tensor.name] == 1; };
  ExpressionHashes expressions(graph);
  std::map<std::vector<uint64_t>, const SignatureTensors*> first_of;  // by what they compute
  for (SignatureTensors& signature : *signatures) {
    std::vector<uint64_t> hashes = {signature.feeds.size()};
    if (signature.fetches.empty() ||
        !std::all_of(signature.feeds.begin(), signature.feeds.end(), is_used_once) ||
        !std::all_of(signature.fetches.begin(), signature.fetches.end(), is_used_once) ||
        !expressions.Of(NamesOf(signature.feeds), NamesOf(signature.fetches), &hashes)) {
      continue;
    }
    const auto [first, is_new] = first_of.emplace(std::move(hashes), &signature);
    if (is_new) continue;
    Rename(first->second->feeds, &signature.feeds);
    Rename(first->second->fetches, &signature.fetches);
  }
}

// The variables of `graph` that are none of `needed`, under their own names or others'.
std::vector<std::string> OthersThan(const std::vector<GraphVariable>& needed,
                                    const GraphDef& graph) {
  std::set<std::string_view> names;
  for (const GraphVariable& variable : needed) names.insert(variable.name);
  // As the session knows them.
  const auto resource_of = [](const Node& variable) {
    const std::string_view* container = variable.attr("container");
    const std::string_view* shared_name = variable.attr("shared_name");
    const auto of = [](const std::string_view* attr) {
      return attr == nullptr ? StringAttr("") : std::string(*attr);
    };
    return std::pair(of(container), of(shared_name));
  };
  std::set<std::pair<std::string, std::string>> resources;
  for (const Node& node : graph.nodes) {
    if (names.count(node.name) > 0) resources.insert(resource_of(node));
  }
  std::vector<std::string> others;
  for (const Node& node : graph.nodes) {
    if (node.op == "VarHandleOp" && resources.insert(resource_of(node)).second) {
      others.emplace_back(node.name);
    }
  }
  return others;
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

Status HasNoVariables() { return CannotFreeze("it has no variables"); }

}  // namespace

struct ModelFreezer::Prepared {
  BufferHandle serialized{TF_NewBuffer()};  // what `graph_as_loaded` points into
  GraphDef graph_as_loaded;
  const GraphDef* graph = nullptr;  // that one, or the source's
  std::vector<SignatureTensors> signatures;
  std::optional<Freezer> freezer;
  std::vector<GraphVariable> variables;
};

ModelFreezer::ModelFreezer(const SavedModel& model, VariableSource* source)
    : model_(model), source_(source) {}
ModelFreezer::~ModelFreezer() = default;

Status ModelFreezer::Prepare(bool without_variables) {
  prepared_ = std::make_unique<Prepared>();
  Prepared& made = *prepared_;
  made.graph = source_ == nullptr ? &made.graph_as_loaded : &source_->graph();
  if (source_ == nullptr) {
    // Before the nodes that read variables are added.
    if (!without_variables && !HasVariables(model_.graph())) return HasNoVariables();
    const Status status = ReadLoaded();
    if (!status.ok()) return status;
  }
  made.signatures = TensorsOf(model_);
  Unite(*made.graph, &made.signatures);
  std::set<std::string> roots;
  for (const SignatureTensors& signature : made.signatures) {
    for (const std::vector<NamedOutput>* tensors : {&signature.feeds, &signature.fetches}) {
      for (const std::string& name : NamesOf(*tensors)) {
        roots.insert(name.substr(0, name.rfind(':')));
      }
    }
  }
  made.freezer.emplace(*made.graph, std::vector<std::string>(roots.begin(), roots.end()));
  const Status status = made.freezer->FindVariables(&made.variables);
  if (!status.ok()) return status;
  return made.variables.empty() && !without_variables ? HasNoVariables() : Status();
}

Status ModelFreezer::ReadLoaded() {
  StatusHandle status(TF_NewStatus());
  TF_Buffer* serialized = prepared_->serialized.get();
  TF_GraphToGraphDef(model_.graph(), serialized, status.get());
  if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  return ReadGraphDef({static_cast<const char*>(serialized->data), serialized->length},
                      &prepared_->graph_as_loaded);
}

Status ModelFreezer::ReadValues(std::vector<TensorHandle>* values) const {
  const std::vector<GraphVariable>& variables = prepared_->variables;
  if (variables.empty()) return Status();
  if (source_ != nullptr) return source_->Read(variables, values);
  return ReadVariables(model_.graph(), model_.session(), variables,
                       OthersThan(variables, *prepared_->graph), values);
}

Status ModelFreezer::Freeze(const SharedWeightsLimits& limits, FrozenGraph* frozen) {
  Prepared& made = *prepared_;
  const std::vector<GraphVariable>& variables = made.variables;
  std::vector<TensorHandle> values;
  Status status = ReadValues(&values);
  if (!status.ok()) return status;
  std::map<std::string_view, TensorView> views;
  std::vector<std::vector<int64_t>> dims(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == nullptr) continue;
    views.emplace(variables[i].name, ViewOf(values[i].get(), &dims[i]));
    frozen->weight_bytes += static_cast<int64_t>(TF_TensorByteSize(values[i].get()));
  }
  frozen->signatures = made.signatures;
  frozen->variables = static_cast<uint32_t>(views.size());
  if (views.empty() && !variables.empty()) {
    return CannotFreeze("none of its variables is initialized");
  }
  const bool has_residents = frozen->weight_bytes >= limits.all;
  std::vector<FrozenWeight> weights;
  status = made.freezer->Freeze(views, has_residents ? limits.weight : UINT64_MAX,
                                &frozen->graph_def, &weights);
  std::map<std::string_view, size_t> places;
  for (size_t i = 0; i < variables.size(); ++i) places.emplace(variables[i].name, i);
  for (FrozenWeight& each : weights) {
    frozen->weights.push_back(std::move(each.weight));
    frozen->values.push_back(std::move(values[places.at(each.variable)]));
  }
  prepared_.reset();  // it takes as much memory as the graph
  return status;
}

Status FreezeModel(const SavedModel& model, const SharedWeightsLimits& limits,
                   FrozenGraph* frozen) {
  ModelFreezer freezer(model);
  const Status status = freezer.Prepare();
  return status.ok() ? freezer.Freeze(limits, frozen) : status;
}

std::vector<TF_Tensor*> PointersTo(const std::vector<TensorHandle>& values) {
  std::vector<TF_Tensor*> pointers;
  for (const TensorHandle& value : values) pointers.push_back(value.get());
  return pointers;
}

Status NewReferenceSession(const FrozenGraph& frozen, const std::string& config_proto,
                           std::unique_ptr<GraphSession>* session) {
  GraphDef graph;
  Status status = ReadGraphDef(frozen.graph_def, &graph);
  if (!status.ok()) return status;
  // Calls of functions have a configuration of their own.
  std::deque<std::string> texts;
  const auto leave_alone = [&](std::vector<Node>* nodes) {
    bool has_calls = false;
    for (Node& node : *nodes) {
      const std::string_view* attr = node.attr("config_proto");
      std::string_view config;
      if (attr == nullptr || !ReadStringAttr(*attr, &config)) continue;
      has_calls = true;
      node.SetAttr("config_proto",
                   texts.emplace_back(StringAttr(WithoutOptimizers(std::string(config)))));
    }
    return has_calls;
  };
  leave_alone(&graph.nodes);
  std::vector<const Function*> functions;
  for (Function& function : graph.functions) {
    if (leave_alone(&function.nodes)) function.bytes = {};
    functions.push_back(&function);
  }
  std::string graph_def;
  graph_def.reserve(frozen.graph_def.size() + (size_t{1} << 20));
  for (const Node& node : graph.nodes) AppendNode(node, &graph_def);
  AppendLibrary(functions, &graph_def);
  AppendVersions(graph.versions, &graph_def);
  const std::string config =
      WithoutOptimizers(config_proto) + std::string(kKeepFewerCopies, sizeof(kKeepFewerCopies));
  status = GraphSession::Create(config, graph_def, frozen.signatures, session);
  return status.ok() ? (*session)->Assign(frozen.weights, PointersTo(frozen.values)) : status;
}

Status NewFrozenSession(const FrozenGraph& frozen, const std::string& config_proto,
                        FrozenSessionKind kind, std::unique_ptr<GraphSession>* session) {
  // Protobuf merges what is appended.
  std::string config = config_proto;
  if (kind != FrozenSessionKind::kTellsGraph) {
    config.append(kKeepFewerCopies, sizeof(kKeepFewerCopies));
  }
  if (kind == FrozenSessionKind::kXla) config.append(kJustInTime, sizeof(kJustInTime));
  Status status = GraphSession::Create(config, frozen.graph_def, frozen.signatures, session);
  return status.ok() ? (*session)->Assign(frozen.weights, PointersTo(frozen.values)) : status;
}

}  // namespace tensorgate
