#include "graph/refused_ops.h"

#include <unordered_map>
#include <utility>

#include "codec/proto/message_fields.h"
#include "graph/attr_value.h"
#include "graph/graph_def.h"

namespace tensorgate {
namespace {

// What counts of a node.
struct ScannedNode {
  std::string_view name;
  std::vector<std::string_view> ops;  // one, unless the bytes want to be misread
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> functions;
  std::vector<Attr> texts;  // attributes whose value is a string, without its wire form
};

struct ScannedFunction {
  std::vector<ScannedNode> nodes;
  std::vector<std::string_view> gradients;  // that a caller may run in its place
};

using ScannedFunctions = std::unordered_map<std::string_view, ScannedFunction>;

// map<string, AttrValue>
bool ScanAttr(std::string_view entry, ScannedNode* node) {
  std::string_view name;
  std::vector<std::string_view> values;
  const bool is_read = ForEachBytes(entry, [&](uint32_t field, std::string_view bytes) {
    if (field == 1) name = bytes;
    if (field == 2) values.push_back(bytes);
    return true;
  });
  for (std::string_view value : values) {
    if (!FindFunctions(value, &node->functions)) return false;
    std::string_view text;
    if (ReadStringAttr(value, &text)) node->texts.push_back({name, text});
  }
  return is_read;
}

// NodeDef: name 1, op 2, input 3, attr 5.
bool ScanNode(std::string_view bytes, ScannedNode* node) {
  return ForEachBytes(bytes, [&](uint32_t field, std::string_view value) {
    if (field == 1) node->name = value;
    if (field == 2) node->ops.push_back(value);
    if (field == 3) node->inputs.push_back(NodeOf(value));
    return field != 5 || ScanAttr(value, node);
  });
}

// FunctionDef: signature 1 { name 1 }, node_def 3.
bool ScanFunction(std::string_view bytes, ScannedFunctions* functions) {
  std::string_view name;
  ScannedFunction function;
  const bool is_read = ForEachBytes(bytes, [&](uint32_t field, std::string_view value) {
    if (field == 3) return ScanNode(value, &function.nodes.emplace_back());
    return field != 1 || ForEachBytes(value, 1, [&](std::string_view text) {
             name = text;
             return true;
           });
  });
  std::vector<ScannedNode>& nodes = (*functions)[name].nodes;
  for (ScannedNode& node : function.nodes) nodes.push_back(std::move(node));
  return is_read;
}

// GradientDef: function_name 1, gradient_func 2.
bool ScanGradient(std::string_view bytes, ScannedFunctions* functions) {
  std::string_view function, gradient;
  const bool is_read = ForEachBytes(bytes, [&](uint32_t field, std::string_view value) {
    if (field == 1) function = value;
    if (field == 2) gradient = value;
    return true;
  });
  (*functions)[function].gradients.push_back(gradient);
  return is_read;
}

// GraphDef: node 1, library 2 { function 1, gradient 2 }.
bool ScanGraph(std::string_view bytes, std::vector<ScannedNode>* nodes,
               ScannedFunctions* functions) {
  return ForEachBytes(bytes, [&](uint32_t field, std::string_view value) {
    if (field == 1) return ScanNode(value, &nodes->emplace_back());
    return field != 2 || ForEachBytes(value, [&](uint32_t kind, std::string_view definition) {
             if (kind == 1) return ScanFunction(definition, functions);
             return kind != 2 || ScanGradient(definition, functions);
           });
  });
}

std::string InQuotes(std::string_view name) {
  constexpr size_t kMostShown = 200;
  return "\"" + std::string(name.substr(0, kMostShown)) + "\"";
}

// What may not run. Each function is looked at once, however many call it.
class RefusalSearch {
 public:
  RefusalSearch(const ScannedFunctions& functions, const std::vector<RefusedOp>& refused) {
    for (const RefusedOp& entry : refused) refused_[entry.op].push_back(&entry);
    std::unordered_map<std::string_view, std::vector<std::string_view>> callers;
    std::vector<std::string_view> waiting;
    for (const auto& [name, function] : functions) {
      for (std::string_view gradient : function.gradients) callers[gradient].push_back(name);
      for (const ScannedNode& node : function.nodes) {
        for (std::string_view call : CallsOf(node)) callers[call].push_back(name);
        std::string culprit = OwnCulprit(node, " in function " + InQuotes(name));
        if (culprit.empty() || !functions_.emplace(name, std::move(culprit)).second) continue;
        waiting.push_back(name);
      }
    }
    while (!waiting.empty()) {
      const std::string_view name = waiting.back();
      waiting.pop_back();
      const std::string culprit = functions_[name];
      for (std::string_view caller : callers[name]) {
        if (functions_.emplace(caller, culprit).second) waiting.push_back(caller);
      }
    }
  }

  // Why the node itself may not run, for what it is or calls; empty: it may.
  std::string Culprit(const ScannedNode& node) const {
    std::string found = OwnCulprit(node, "");
    for (std::string_view call : CallsOf(node)) {
      const auto function = functions_.find(call);
      if (found.empty() && function != functions_.end()) found = function->second;
    }
    return found;
  }

 private:
  // A function may be called by its name as an op.
  static std::vector<std::string_view> CallsOf(const ScannedNode& node) {
    std::vector<std::string_view> calls = node.functions;
    calls.insert(calls.end(), node.ops.begin(), node.ops.end());
    return calls;
  }

  std::string OwnCulprit(const ScannedNode& node, const std::string& where) const {
    for (std::string_view op : node.ops) {
      const auto entries = refused_.find(op);
      if (entries == refused_.end()) continue;
      for (const RefusedOp* entry : entries->second) {
        if (!Matches(*entry, node)) continue;
        return "op " + InQuotes(op) + " of node " + InQuotes(node.name) + where;
      }
    }
    return "";
  }

  static bool Matches(const RefusedOp& entry, const ScannedNode& node) {
    if (entry.attr.empty()) return true;
    for (const Attr& text : node.texts) {
      if (text.name == entry.attr && StartsWith(text.value, entry.prefix)) return true;
    }
    return false;
  }

  std::unordered_map<std::string_view, std::vector<const RefusedOp*>> refused_;
  std::unordered_map<std::string_view, std::string> functions_;  // that may not run, and why
};

}  // namespace

Status FindRefusedNodes(const std::vector<std::string_view>& graph_defs,
                        const std::vector<RefusedOp>& refused, RefusedNodes* nodes) {
  std::vector<ScannedNode> scanned;
  ScannedFunctions functions;
  for (std::string_view part : graph_defs) {
    if (!ScanGraph(part, &scanned, &functions)) return InvalidArgument("malformed GraphDef");
  }
  const RefusalSearch search(functions, refused);
  std::unordered_map<std::string_view, std::vector<std::string_view>> consumers;
  std::vector<std::string_view> waiting;
  for (const ScannedNode& node : scanned) {
    for (std::string_view input : node.inputs) consumers[input].push_back(node.name);
    std::string culprit = search.Culprit(node);
    if (culprit.empty()) continue;
    if (nodes->emplace(node.name, std::move(culprit)).second) waiting.push_back(node.name);
  }
  while (!waiting.empty()) {
    const std::string_view name = waiting.back();
    waiting.pop_back();
    const std::string& culprit = nodes->find(name)->second;
    for (std::string_view consumer : consumers[name]) {
      if (nodes->emplace(consumer, culprit).second) waiting.push_back(consumer);
    }
  }
  return Status();
}

}  // namespace tensorgate
