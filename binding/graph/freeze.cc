#include "graph/freeze.h"

#include <climits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "codec/proto/predict_proto.h"
#include "graph/attr_value.h"
#include "graph/message.h"

namespace tensorgate {
namespace {

// A protobuf message ends at 2 GiB; the rest is room for what TensorFlow adds.
constexpr size_t kMaxGraphBytes = size_t{INT_MAX} - (size_t{16} << 20);

bool IsReferenceVariable(std::string_view op) { return op == "VariableV2" || op == "Variable"; }

// A new session would have the op's resource anew, without what initialized it.
bool HasOtherState(std::string_view op) {
  return StartsWith(op, "HashTable") || StartsWith(op, "LookupTable") ||
         StartsWith(op, "Mutable") || op == "_VarHandlesOp" || op == "SymbolicGradient";
}

bool TakesReferences(std::string_view op) {
  return StartsWith(op, "Ref") || op == "IsVariableInitialized";
}

std::vector<int64_t> DimsOf(const TensorView& value) {
  return {value.dims, value.dims + value.rank};
}

// A node's attribute `tensor`, 8.
Status ConstantNode(const Node& variable, const TensorView& value, FunctionCopies* texts,
                    std::string* out) {
  OutputBuffer tensor;
  Status status = EncodeTensorProto(value, /*as_content=*/true, &tensor);
  if (!status.ok()) {
    return CannotFreeze("the variable " + std::string(variable.name) + " is of type " +
                        std::to_string(static_cast<int>(value.dtype)));
  }
  std::string attr;
  AppendBytesField(8, tensor.view(), &attr);
  tensor = OutputBuffer();
  Node constant;
  constant.name = variable.name;
  constant.op = "Const";
  constant.device = variable.device;
  for (std::string_view input : variable.inputs) constant.inputs.push_back(input);
  constant.attrs = {{"dtype", texts->Keep(TypeAttr(value.dtype))}, {"value", attr}};
  AppendNode(constant, out);
  return Status();
}

}  // namespace

Freezer::Freezer(const GraphDef& graph, std::vector<std::string> roots)
    : graph_(graph), roots_(std::move(roots)), copies_(graph.functions) {}

Status Freezer::FindVariables(std::vector<GraphVariable>* variables) {
  const NodesByName by_name = NodesByNameOf(graph_.nodes);
  std::unordered_set<std::string_view> seen;
  std::vector<std::string_view> waiting;
  for (const std::string& root : roots_) waiting.push_back(root);
  while (!waiting.empty()) {
    const auto found = by_name.find(waiting.back());
    waiting.pop_back();
    if (found == by_name.end()) return CannotFreeze("the graph lacks a node that it needs");
    const Node& node = *found->second;
    if (!seen.insert(node.name).second) continue;
    Status status = Visit(node);
    if (!status.ok()) return status;
    for (std::string_view input : node.inputs) waiting.push_back(NodeOf(input));
    const bool is_reference = IsReferenceVariable(node.op);
    if (node.op != "VarHandleOp" && !is_reference) continue;
    GraphVariable variable{node.name, DataType::kInvalid, !is_reference};
    const std::string_view* dtype = node.attr("dtype");
    if (dtype == nullptr || !ReadTypeAttr(*dtype, &variable.dtype)) {
      return CannotFreeze("the variable " + std::string(node.name) + " has no type");
    }
    variables->push_back(variable);
  }
  // In the order of the graph, so that the same model gives the same bytes.
  for (const Node& node : graph_.nodes) {
    if (seen.count(node.name) > 0) needed_.push_back(&node);
  }
  return Status();
}

Status Freezer::Visit(const Node& node) {
  if (HasOtherState(node.op)) return CannotFreeze("it uses " + std::string(node.op));
  std::vector<std::string_view> called;
  if (copies_.Find(node.op) != nullptr) called.push_back(node.op);
  for (const Attr& attr : node.attrs) {
    if (attr.name != "value" && !FindFunctions(attr.value, &called)) {
      return CannotFreeze("node " + std::string(node.name) + " is malformed");
    }
  }
  return CheckFunctions(std::move(called));
}

Status Freezer::CheckFunctions(std::vector<std::string_view> names) {
  while (!names.empty()) {
    const std::string_view name = names.back();
    names.pop_back();
    const Function* function = copies_.Find(name);
    if (function == nullptr || !checked_.insert(function->name).second) continue;
    for (const Node& node : function->nodes) {
      if (HasOtherState(node.op) || IsReferenceVariable(node.op) || node.op == "VarHandleOp") {
        return CannotFreeze("a function uses " + std::string(node.op));
      }
      if (copies_.Find(node.op) != nullptr) names.push_back(node.op);
      for (const Attr& attr : node.attrs) {
        if (attr.name != "value" && !FindFunctions(attr.value, &names)) {
          return CannotFreeze("node " + std::string(node.name) + " is malformed");
        }
      }
    }
  }
  return Status();
}

Status Freezer::CheckReferences(const std::map<std::string_view, TensorView>& values) const {
  std::unordered_set<std::string_view> references;
  for (const Node* node : needed_) {
    if (IsReferenceVariable(node->op) && values.count(node->name) > 0) {
      references.insert(node->name);
    }
  }
  for (const Node* node : needed_) {
    if (!TakesReferences(node->op)) continue;
    for (std::string_view input : node->inputs) {
      if (references.count(NodeOf(input)) > 0) {
        return CannotFreeze("a variable is used by " + std::string(node->op));
      }
    }
  }
  return Status();
}

Status Freezer::Freeze(const std::map<std::string_view, TensorView>& values,
                       uint64_t least_resident, std::string* graph_def,
                       std::vector<FrozenWeight>* weights) {
  Status status = CheckReferences(values);
  if (!status.ok()) return status;
  std::vector<Node> nodes;
  std::unordered_map<std::string_view, Flow> sources;
  size_t bytes = 0;
  for (const Node* node : needed_) {
    nodes.push_back(*node);
    for (const Attr& attr : node->attrs) bytes += attr.value.size();
    const auto value = values.find(node->name);
    if (value == values.end()) continue;
    if (node->op == "VarHandleOp") sources.emplace(node->name, value->second.dtype);
    const uint64_t size = BytesOf(value->second.dtype, DimsOf(value->second));
    if (size < least_resident) bytes += size;
  }
  if (bytes > kMaxGraphBytes) {
    return Status(Code::kResourceExhausted,
                  "the frozen graph would have " + std::to_string(bytes) + " bytes");
  }
  for (const std::string& root : roots_) {
    if (sources.count(root) > 0) return CannotFreeze("a signature has a variable's handle");
  }
  VariableFlow flow(nodes, std::move(sources), /*in_function=*/false, &copies_);
  std::vector<Node> frozen;
  // Room for all of it at once: growing would copy the weights again.
  graph_def->reserve(bytes + (size_t{4} << 20));
  for (size_t i = 0; i < nodes.size(); ++i) {
    const auto value = values.find(nodes[i].name);
    if (value == values.end()) {
      status = flow.Rewrite(i, &frozen);
    } else if (BytesOf(value->second.dtype, DimsOf(value->second)) < least_resident) {
      status = ConstantNode(nodes[i], value->second, &copies_, graph_def);
    } else {
      const std::string dtype = TypeAttr(value->second.dtype);
      weights->push_back(
          {AppendResident(nodes[i], dtype, DimsOf(value->second), weights->size(), graph_def),
           nodes[i].name});
    }
    if (!status.ok()) return status;
  }
  for (const Node& node : frozen) AppendNode(node, graph_def);
  std::vector<const Function*> functions;
  status = FunctionsOf(frozen, &functions);
  if (!status.ok()) return status;
  AppendLibrary(functions, graph_def);
  AppendVersions(graph_.versions, graph_def);
  if (graph_def->size() <= kMaxGraphBytes) return Status();
  return Status(Code::kResourceExhausted,
                "the frozen graph would have " + std::to_string(graph_def->size()) + " bytes");
}

Status Freezer::FunctionsOf(const std::vector<Node>& nodes,
                            std::vector<const Function*>* functions) const {
  std::unordered_set<std::string_view> seen;
  std::vector<std::string_view> names;
  const auto add = [&](const std::vector<Node>& callers) {
    for (const Node& node : callers) {
      names.push_back(node.op);
      for (const Attr& attr : node.attrs) {
        if (attr.name != "value" && !FindFunctions(attr.value, &names)) return false;
      }
    }
    return true;
  };
  bool read = add(nodes);
  while (read && !names.empty()) {
    const Function* function = copies_.Find(names.back());
    names.pop_back();
    if (function == nullptr || !seen.insert(function->name).second) continue;
    functions->push_back(function);
    read = add(function->nodes);
  }
  return read ? Status() : CannotFreeze("a function is malformed");
}

}  // namespace tensorgate
