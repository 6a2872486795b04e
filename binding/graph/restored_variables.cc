#include "graph/restored_variables.h"

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "graph/attr_value.h"
#include "graph/message.h"

namespace tensorgate {
namespace {

// MetaGraphDef: saver_def 3, collection_def 4, signature_def 5.
constexpr uint32_t kSaverDef = 3;
constexpr uint32_t kCollections = 4;
constexpr uint32_t kSignatures = 5;

// SaverDef: filename_tensor_name 1, restore_op_name 3.
struct Saver {
  std::string_view file, op;
};

bool ReadSaver(std::string_view meta_graph_def, Saver* saver) {
  return ForEachBytes(meta_graph_def, kSaverDef,
                      [&](std::string_view saver_def) {
                        return ForEachBytes(saver_def, [&](uint32_t field, std::string_view text) {
                          if (field == 1) saver->file = text;
                          if (field == 3) saver->op = text;
                          return true;
                        });
                      }) &&
         !saver->file.empty() && !saver->op.empty();
}

// The nodes that a loader executes after it has restored the variables: those of two collections
// (CollectionDef: node_list 1, its value 1), or the outputs of a signature (SignatureDef: outputs
// 2; TensorInfo: name 1).
bool FindInitializers(std::string_view meta_graph_def, std::vector<std::string_view>* nodes) {
  return ForEachBytes(meta_graph_def, [&](uint32_t field, std::string_view entry) {
    if (field != kCollections && field != kSignatures) return true;
    std::string_view key, value;
    if (!ReadMapEntry(entry, &key, &value)) return false;
    const auto add = [&](std::string_view name) {
      nodes->push_back(NodeOf(name));
      return true;
    };
    if (key == "saved_model_main_op" || key == "legacy_init_op") {
      return ForEachBytes(value, 1,
                          [&](std::string_view list) { return ForEachBytes(list, 1, add); });
    }
    if (key != "__saved_model_init_op") return true;
    return ForEachBytes(value, 2, [&](std::string_view output) {
      std::string_view alias, info;
      return ReadMapEntry(output, &alias, &info) && ForEachBytes(info, 1, add);
    });
  });
}

bool DoNothing(const std::vector<std::string_view>& names, const NodesByName& nodes) {
  for (const std::string_view name : names) {
    const auto node = nodes.find(name);
    if (node == nodes.end() || node->second->op != "NoOp" || !node->second->inputs.empty()) {
      return false;
    }
  }
  return true;
}

bool ReadStrings(const Node& constant, std::vector<std::string>* texts) {
  const std::string_view* value = constant.attr("value");
  std::string_view proto, shape;
  Tensor tensor;
  if (constant.op != "Const" || value == nullptr || !ReadTensorAttr(*value, &proto, &shape) ||
      !DecodeConstant(proto, &tensor).ok() || tensor.dtype != DataType::kString) {
    return false;
  }
  for (const std::string_view text : tensor.strings) texts->emplace_back(text);
  return true;
}

// "node:tensors:3" in a function, "node:3" or "node" in a graph.
bool ReadIndex(std::string_view tensor, size_t* index) {
  *index = 0;
  const size_t colon = tensor.rfind(':');
  if (colon == std::string_view::npos) return true;
  const std::string_view digits = tensor.substr(colon + 1);
  if (digits.empty() || digits.size() > 6) return false;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return false;
    *index = *index * 10 + static_cast<size_t>(digit - '0');
  }
  return true;
}

// Reads the ops that restore, in the graph itself or in a function that is called.
class RestoreReader {
 public:
  RestoreReader(NodesByName nodes, std::map<ResourceName, std::string>* tensors)
      : nodes_(std::move(nodes)), tensors_(tensors) {}

  // What the name of a node or of an argument stands for.
  void GiveFile(std::string_view name) { file_ = name; }
  void GiveVariable(std::string_view name, const Node& variable) {
    variables_.emplace(name, &variable);
  }

  // Reads all that `from` needs.
  bool Read(std::vector<std::string_view> from) {
    std::unordered_set<std::string_view> seen;
    while (!from.empty()) {
      const std::string_view name = from.back();
      from.pop_back();
      if (name == file_ || variables_.count(name) > 0 || !seen.insert(name).second) continue;
      const Node* node = Find(name);
      if (node == nullptr || !ReadNode(*node)) return false;
      for (const std::string_view input : node->inputs) from.push_back(NodeOf(input));
    }
    return true;
  }

 private:
  const Node* Find(std::string_view name) const {
    const auto found = nodes_.find(name);
    return found == nodes_.end() ? nullptr : found->second;
  }

  bool ReadNode(const Node& node) {
    if (node.op == "AssignVariableOp") return ReadAssignment(node);
    return node.op == "NoOp" || node.op == "Identity" || node.op == "Const" ||
           node.op == "RestoreV2" || node.op == "VarHandleOp";
  }

  bool ReadAssignment(const Node& node) {
    if (node.data_inputs() < 2) return false;
    const std::string_view name = NodeOf(node.inputs[0]);
    const auto given = variables_.find(name);
    const Node* variable = given != variables_.end() ? given->second : Find(name);
    std::string tensor;
    if (variable == nullptr || variable->op != "VarHandleOp" ||
        !ReadSource(node.inputs[1], &tensor)) {
      return false;
    }
    const auto entry = tensors_->emplace(ResourceOf(*variable), tensor).first;
    return entry->second == tensor;
  }

  // The checkpoint's tensor that a value is.
  bool ReadSource(std::string_view value, std::string* tensor) const {
    const Node* node = Find(NodeOf(value));
    for (int depth = 0; node != nullptr && node->op == "Identity" && depth < 10; ++depth) {
      if (node->inputs.empty()) return false;
      value = node->inputs[0];
      node = Find(NodeOf(value));
    }
    size_t index = 0;
    std::vector<std::string> names, slices;
    if (node == nullptr || node->op != "RestoreV2" || node->data_inputs() != 3 ||
        NodeOf(node->inputs[0]) != file_ || !ReadIndex(value, &index)) {
      return false;
    }
    // Read once: there may be hundreds of names.
    auto [read, is_new] = names_.try_emplace(node);
    if (is_new) {
      const Node* names_of = Find(NodeOf(node->inputs[1]));
      const Node* slices_of = Find(NodeOf(node->inputs[2]));
      if (names_of == nullptr || slices_of == nullptr || !ReadStrings(*names_of, &names) ||
          !ReadStrings(*slices_of, &slices) || names.size() != slices.size()) {
        return false;
      }
      for (const std::string& slice : slices) {
        if (!slice.empty()) return false;
      }
      read->second = std::move(names);
    }
    if (index >= read->second.size()) return false;
    *tensor = read->second[index];
    return true;
  }

  const NodesByName nodes_;
  std::map<ResourceName, std::string>* const tensors_;
  std::string_view file_;
  std::unordered_map<std::string_view, const Node*> variables_;
  mutable std::unordered_map<const Node*, std::vector<std::string>> names_;  // by RestoreV2
};

bool ReadFunction(const Function& function, const Node& call, const NodesByName& graph,
                  std::string_view file, std::map<ResourceName, std::string>* tensors) {
  if (function.inputs.size() != call.data_inputs()) return false;
  RestoreReader reader(NodesByNameOf(function.nodes), tensors);
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    const std::string_view given = NodeOf(call.inputs[i]);
    const auto variable = graph.find(given);
    if (given == file) {
      reader.GiveFile(function.inputs[i].name);
    } else if (variable != graph.end() && variable->second->op == "VarHandleOp") {
      reader.GiveVariable(function.inputs[i].name, *variable->second);
    } else {
      return false;
    }
  }
  // All of them: what has an effect is executed, whether something needs it or not.
  std::vector<std::string_view> names;
  for (const Node& node : function.nodes) names.push_back(node.name);
  return reader.Read(std::move(names));
}

}  // namespace

ResourceName ResourceOf(const Node& variable) {
  const auto text_of = [&](std::string_view attr) {
    const std::string_view* value = variable.attr(attr);
    std::string_view text;
    return value != nullptr && ReadStringAttr(*value, &text) ? std::string(text) : "";
  };
  std::string shared_name = text_of("shared_name");
  if (shared_name.empty()) shared_name = variable.name;
  return {text_of("container"), std::move(shared_name)};
}

bool FindRestoredVariables(std::string_view meta_graph_def, const GraphDef& graph,
                           std::map<ResourceName, std::string>* tensors) {
  Saver saver;
  std::vector<std::string_view> initializers;
  const NodesByName nodes = NodesByNameOf(graph.nodes);
  if (!ReadSaver(meta_graph_def, &saver) || !FindInitializers(meta_graph_def, &initializers) ||
      !DoNothing(initializers, nodes)) {
    return false;
  }
  const std::string_view file = NodeOf(saver.file);
  const auto restore = nodes.find(NodeOf(saver.op));
  if (restore == nodes.end()) return false;
  const Node& node = *restore->second;
  if (node.op == "NoOp") {
    RestoreReader reader(nodes, tensors);
    reader.GiveFile(file);
    return reader.Read({node.name});
  }
  const std::string_view* called = node.attr("f");
  std::string_view name;
  if ((node.op != "StatefulPartitionedCall" && node.op != "PartitionedCall") || called == nullptr ||
      !ReadFunctionAttr(*called, &name) || node.inputs.size() != node.data_inputs()) {
    return false;
  }
  for (const Function& function : graph.functions) {
    if (function.name == name) return ReadFunction(function, node, nodes, file, tensors);
  }
  return false;
}

}  // namespace tensorgate
