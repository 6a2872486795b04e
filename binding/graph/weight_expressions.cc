#include "graph/weight_expressions.h"

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "graph/attr_value.h"

namespace tensorgate {
namespace {

// Without state or chance, with one output.
bool IsFunctionOfInputs(std::string_view op) {
  static const std::unordered_set<std::string_view> ops = {
      "Add",          "AddV2", "Cast",      "ConcatV2",     "ExpandDims", "GatherV2",
      "Identity",     "Mul",   "Neg",       "Pack",         "RealDiv",    "Reciprocal",
      "Reshape",      "Rsqrt", "Slice",     "Sqrt",         "Square",     "Squeeze",
      "StridedSlice", "Sub",   "Transpose", "_MklTranspose"};
  return ops.count(op) > 0;
}

enum class Made { kElsewhere, kConstant, kWeight, kExpression };

class Finder {
 public:
  explicit Finder(const GraphDef& graph) : graph_(graph), made_(graph.nodes.size()) {
    for (size_t i = 0; i < graph.nodes.size(); ++i) by_name_.emplace(graph.nodes[i].name, i);
  }

  WeightExpressions Find() {
    Classify();
    WeightExpressions found;
    std::unordered_set<size_t> results;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (made_[i] == Made::kExpression) continue;
      for (std::string_view input : graph_.nodes[i].inputs) {
        const auto source = by_name_.find(NodeOf(input));
        if (source == by_name_.end() || made_[source->second] != Made::kExpression) continue;
        if (input[0] != '^' && results.insert(source->second).second) {
          found.results.push_back({graph_.nodes[source->second].name, 0});
        }
      }
    }
    std::unordered_set<size_t> needed;
    for (WeightExpression& result : found.results) result.bytes = Gather(result.node, &needed);
    if (found.results.empty()) return found;
    for (size_t i : needed) Write(graph_.nodes[i], &found);
    AppendVersions(graph_.versions, &found.graph_def);
    return found;
  }

 private:
  // Until nothing more is found: expressions are few nodes deep.
  void Classify() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (node.op == "Const") made_[i] = Made::kConstant;
      if (node.op == "ReadVariableOp" && IsRead(node)) made_[i] = Made::kWeight;
    }
    for (bool is_new = true; is_new;) {
      is_new = false;
      for (size_t i = 0; i < graph_.nodes.size(); ++i) {
        if (made_[i] != Made::kElsewhere || !IsExpression(graph_.nodes[i])) continue;
        made_[i] = Made::kExpression;
        is_new = true;
      }
    }
  }

  bool IsRead(const Node& node) const {
    if (node.inputs.empty()) return false;
    const auto variable = by_name_.find(NodeOf(node.inputs[0]));
    size_t number = 0;
    return variable != by_name_.end() && IsResident(graph_.nodes[variable->second], &number);
  }

  bool IsExpression(const Node& node) const {
    // TensorFlow takes names that begin so from itself alone.
    if (!IsFunctionOfInputs(node.op) || node.name.substr(0, 1) == "_") return false;
    bool has_weights = false;
    for (size_t i = 0; i < node.data_inputs(); ++i) {
      const auto source = by_name_.find(NodeOf(node.inputs[i]));
      if (source == by_name_.end()) return false;
      const Made made = made_[source->second];
      if (made == Made::kElsewhere || graph_.nodes[source->second].name.substr(0, 1) == "_") {
        return false;
      }
      has_weights = has_weights || made != Made::kConstant;
    }
    return has_weights;
  }

  // Adds the nodes that compute `result`; the bytes of the weights among them.
  uint64_t Gather(std::string_view result, std::unordered_set<size_t>* needed) const {
    uint64_t bytes = 0;
    std::unordered_set<size_t> seen;
    std::vector<size_t> waiting = {by_name_.at(result)};
    while (!waiting.empty()) {
      const size_t i = waiting.back();
      waiting.pop_back();
      if (!seen.insert(i).second) continue;
      needed->insert(i);
      const Node& node = graph_.nodes[i];
      size_t number = 0;
      if (IsResident(node, &number)) bytes += BytesOfVariable(node);
      if (node.op == "Const" || node.op == "VarHandleOp") continue;
      for (size_t k = 0; k < node.data_inputs(); ++k) {
        waiting.push_back(by_name_.at(NodeOf(node.inputs[k])));
      }
    }
    return bytes;
  }

  static uint64_t BytesOfVariable(const Node& node) {
    const std::string_view* shape = node.attr("shape");
    std::vector<int64_t> dims;
    DataType dtype;
    return shape != nullptr && ReadShapeAttr(*shape, &dims) &&
                   ReadTypeAttr(*node.attr("dtype"), &dtype)
               ? BytesOf(dtype, dims)
               : 0;
  }

  static void Write(Node node, WeightExpressions* found) {
    node.inputs.resize(node.data_inputs());
    node.DropAttr("_class");
    AppendNode(node, &found->graph_def);
    size_t number = 0;
    if (!IsResident(node, &number)) return;
    found->weights.push_back(AppendAssignment(node, number, &found->graph_def));
  }

  const GraphDef& graph_;
  std::unordered_map<std::string_view, size_t> by_name_;
  std::vector<Made> made_;
};

// What the nodes that do something need.
void LeaveOutUnused(GraphDef* graph) {
  std::unordered_map<std::string_view, size_t> by_name;
  std::vector<size_t> waiting;
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    const Node& node = graph->nodes[i];
    by_name.emplace(node.name, i);
    const bool is_means = node.op == "Const" || node.op == "VarHandleOp" ||
                          node.op == "ReadVariableOp" || IsFunctionOfInputs(node.op);
    if (!is_means) waiting.push_back(i);
  }
  std::vector<bool> is_used(graph->nodes.size());
  while (!waiting.empty()) {
    const size_t i = waiting.back();
    waiting.pop_back();
    if (is_used[i]) continue;
    is_used[i] = true;
    for (std::string_view input : graph->nodes[i].inputs) {
      const auto source = by_name.find(NodeOf(input));
      if (source != by_name.end()) waiting.push_back(source->second);
    }
  }
  std::vector<Node> used;
  for (size_t i = 0; i < graph->nodes.size(); ++i) {
    if (is_used[i]) used.push_back(std::move(graph->nodes[i]));
  }
  graph->nodes = std::move(used);
}

// oneDNN then rearranges them once.
void MarkFilters(GraphDef* graph, std::deque<std::string>* texts) {
  std::unordered_map<std::string_view, const Node*> by_name;
  for (const Node& node : graph->nodes) by_name.emplace(node.name, &node);
  const auto find = [&](std::string_view input) {
    const auto found = by_name.find(NodeOf(input));
    return found == by_name.end() ? nullptr : found->second;
  };
  for (Node& node : graph->nodes) {
    if (node.attr("is_filter_const") == nullptr || node.data_inputs() < 2) continue;
    const Node* read = find(node.inputs[1]);
    if (read == nullptr || read->op != "ReadVariableOp" || read->inputs.empty()) continue;
    const Node* variable = find(read->inputs[0]);
    size_t number = 0;
    if (variable == nullptr || !IsResident(*variable, &number)) continue;
    node.SetAttr("is_filter_const", texts->emplace_back(BoolAttr(true)));
  }
}

}  // namespace

WeightExpressions FindWeightExpressions(const GraphDef& graph) { return Finder(graph).Find(); }

Status PutWeights(const std::vector<WeightValue>& values, GraphDef* graph,
                  std::deque<std::string>* texts) {
  std::unordered_map<std::string_view, const WeightValue*> by_node;
  for (const WeightValue& value : values) by_node.emplace(value.node, &value);
  std::vector<Node> nodes;
  for (Node& node : graph->nodes) {
    const auto value = by_node.find(node.name);
    if (value == by_node.end()) {
      nodes.push_back(std::move(node));
      continue;
    }
    std::string& written = texts->emplace_back();
    Node place;
    place.name = node.name;
    place.device = node.device;
    AppendResident(place, TypeAttr(value->second->dtype), value->second->dims,
                   value->second->number, &written);
    GraphDef read;
    const Status status = ReadGraphDef(written, &read);
    if (!status.ok()) return status;
    // Without what assigns it: the graph is as TensorFlow executes it.
    nodes.push_back(std::move(read.nodes[0]));
    nodes.push_back(std::move(read.nodes[1]));
  }
  graph->nodes = std::move(nodes);
  LeaveOutUnused(graph);
  MarkFilters(graph, texts);
  return Status();
}

}  // namespace tensorgate
