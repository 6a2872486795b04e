#include "graph/expression_hash.h"

#include <algorithm>
#include <functional>

#include "graph/attr_value.h"

namespace tensorgate {
namespace {

constexpr int kMaxCalls = 100;  // within each other; each takes some of the thread's stack

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return hash ^ hash >> 33;
}

uint64_t HashOf(std::string_view text) { return Mix(std::hash<std::string_view>()(text), 1); }

// The output of a tensor: in a graph "node" is "node:0".
std::string_view OutputOf(std::string_view tensor) {
  if (IsControl(tensor)) return "^";
  const size_t colon = tensor.find(':');
  return colon == std::string_view::npos ? "0" : tensor.substr(colon + 1);
}

// What is said to TensorFlow's passes and to debuggers changes no answer.
bool IsRemark(std::string_view attr_name) { return !attr_name.empty() && attr_name[0] == '_'; }

bool IsVariable(const Node& node) {
  return node.op == "VarHandleOp" || node.op == "VariableV2" || node.op == "Variable";
}

// Of a variable.
bool IsName(std::string_view attr_name) {
  return attr_name == "shared_name" || attr_name == "container" || attr_name == "debug_name";
}

std::string WithoutFunctionNames(std::string_view attr_value) {
  std::string_view name;
  if (ReadFunctionAttr(attr_value, &name)) return WithFunction(attr_value, "");
  std::vector<std::string_view> names;
  ReadFunctionListAttr(attr_value, &names);
  return WithFunctions(attr_value, std::vector<std::string>(names.size()));
}

}  // namespace

struct ExpressionHashes::Scope {
  const NodesByName* nodes;
  std::unordered_map<std::string_view, uint64_t> given;  // tensors, or arguments, that are fed
  std::unordered_map<std::string_view, uint64_t> known;  // by node
};

ExpressionHashes::ExpressionHashes(const GraphDef& graph, VariablesBy variables_by)
    : graph_(graph), variables_by_(variables_by), nodes_(NodesByNameOf(graph.nodes)) {
  for (const Function& function : graph_.functions) functions_.emplace(function.name, &function);
}

bool ExpressionHashes::Of(const std::vector<std::string>& feeds,
                          const std::vector<std::string>& fetches, std::vector<uint64_t>* hashes) {
  Scope scope;
  scope.nodes = &nodes_;
  for (size_t i = 0; i < feeds.size(); ++i) {
    const auto node = nodes_.find(NodeOf(feeds[i]));
    if (node == nodes_.end()) return false;
    // With what a placeholder says of type and shape.
    uint64_t hash = Mix(HashOf(node->second->op), i);
    for (const Attr& attr : node->second->attrs) {
      if (!IsRemark(attr.name)) hash += Mix(HashOf(attr.name), HashOf(attr.value));
    }
    scope.given.emplace(feeds[i], hash);
    if (OutputOf(feeds[i]) == "0") scope.given.emplace(NodeOf(feeds[i]), hash);
  }
  std::vector<std::string_view> tensors(fetches.begin(), fetches.end());
  return HashTensors(&scope, tensors, 0, hashes);
}

bool ExpressionHashes::HashTensors(Scope* scope, const std::vector<std::string_view>& tensors,
                                   int depth, std::vector<uint64_t>* hashes) {
  // Depth first, without recursion: graphs are thousands of nodes deep.
  struct Visit {
    const Node* node;
    size_t next;  // input
  };
  std::vector<Visit> visits;
  const auto enter = [&](std::string_view tensor) {
    if (scope->given.count(tensor) > 0) return true;
    const auto node = scope->nodes->find(NodeOf(tensor));
    if (node == scope->nodes->end()) return false;
    // What is being visited has its name for a hash: a loop is the same as itself alone.
    if (scope->known.emplace(node->first, HashOf(node->first)).second) {
      visits.push_back({node->second, 0});
    }
    return true;
  };
  for (std::string_view tensor : tensors) {
    if (!enter(tensor)) return false;
    while (!visits.empty()) {
      Visit& visit = visits.back();
      if (visit.next < visit.node->inputs.size()) {
        const std::string_view input = visit.node->inputs[visit.next++];
        if (!enter(input)) return false;
        continue;
      }
      uint64_t hash = 0;
      if (!HashNode(scope, *visit.node, depth, &hash)) return false;
      scope->known[visit.node->name] = hash;
      visits.pop_back();
    }
    const auto given = scope->given.find(tensor);
    hashes->push_back(given != scope->given.end()
                          ? given->second
                          : Mix(scope->known[NodeOf(tensor)], HashOf(OutputOf(tensor))));
  }
  return true;
}

bool ExpressionHashes::HashNode(Scope* scope, const Node& node, int depth, uint64_t* hash) {
  *hash = Mix(HashOf(node.op), HashOf(node.device));
  // A variable is the one of its node and no other; so is whatever else keeps something.
  const bool is_variable = IsVariable(node);
  if (is_variable && variables_by_ == VariablesBy::kName) {
    *hash = Mix(*hash, HashOf(node.name));
  } else if (is_variable) {
    *hash = Mix(*hash, variables_.emplace(node.name, variables_.size()).first->second);
  }
  if (functions_.count(node.op) > 0) return false;  // called by its name as an op
  for (const Attr& attr : node.attrs) {
    if (IsRemark(attr.name)) continue;
    if (is_variable && variables_by_ == VariablesBy::kOrder && IsName(attr.name)) continue;
    std::vector<std::string_view> called;
    uint64_t value = 0;
    if (attr.name == "value" || !FindFunctions(attr.value, &called) || called.empty()) {
      value = HashOf(attr.value);
    } else {
      value = HashOf(WithoutFunctionNames(attr.value));
    }
    for (std::string_view function : called) {
      uint64_t of_function = 0;
      if (!HashFunction(function, depth + 1, &of_function)) return false;
      value = Mix(value, of_function);
    }
    *hash += Mix(HashOf(attr.name), value);  // a sum: attributes are in any order
  }
  uint64_t controls = 0;
  for (std::string_view input : node.inputs) {
    const auto given = scope->given.find(input);
    const uint64_t of_input = given != scope->given.end()
                                  ? given->second
                                  : Mix(scope->known[NodeOf(input)], HashOf(OutputOf(input)));
    if (IsControl(input)) {
      controls += of_input;
    } else {
      *hash = Mix(*hash, of_input);
    }
  }
  *hash = Mix(*hash, controls);
  return true;
}

bool ExpressionHashes::HashFunction(std::string_view name, int depth, uint64_t* hash) {
  const auto done = function_hashes_.find(name);
  if (done != function_hashes_.end()) {
    *hash = done->second;
    return true;
  }
  const auto found = functions_.find(name);
  if (found == functions_.end() || depth > kMaxCalls) return false;
  const Function& function = *found->second;
  const NodesByName nodes = NodesByNameOf(function.nodes);
  Scope scope;
  scope.nodes = &nodes;
  *hash = function.inputs.size();
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    const FunctionArg& argument = function.inputs[i];
    scope.given.emplace(argument.name, Mix(i, static_cast<uint64_t>(argument.type)));
  }
  // What it returns, in order; and all nodes, for those that only control needs.
  std::vector<std::string_view> tensors;
  for (const FunctionArg& output : function.outputs) {
    for (const auto& [returned, tensor] : function.returns) {
      if (returned == output.name) tensors.push_back(tensor);
    }
  }
  std::vector<uint64_t> hashes;
  if (!HashTensors(&scope, tensors, depth, &hashes)) return false;
  for (uint64_t of_output : hashes) *hash = Mix(*hash, of_output);
  uint64_t all = 0;
  for (const Node& node : function.nodes) {
    std::vector<uint64_t> of_node;
    if (!HashTensors(&scope, {node.name}, depth, &of_node)) return false;
    all += of_node[0];
  }
  *hash = Mix(*hash, all);
  function_hashes_.emplace(function.name, *hash);
  return true;
}

}  // namespace tensorgate
