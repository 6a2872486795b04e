#include "plan/op_refusal.h"

#include <sys/stat.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/proto/message_fields.h"
#include "graph/graph_def.h"

namespace tensorgate {
namespace {

// What loading may run: a restore, and tables that are read from the version's own files.
constexpr std::string_view kMayLoad[] = {"InitializeTableFromTextFile",
                                         "InitializeTableFromTextFileV2", "Restore", "RestoreSlice",
                                         "RestoreV2"};
constexpr std::string_view kInitSignature = "__saved_model_init_op";
constexpr std::string_view kInitCollections[] = {"legacy_init_op", "saved_model_main_op"};

// What is looked at of a MetaGraphDef: names of nodes, all of them where it names several.
struct MetaGraphParts {
  std::set<std::string_view> tags;
  std::vector<std::string_view> graph_defs;
  std::vector<std::pair<std::string_view, std::string_view>> outputs;  // signature, node
  std::vector<std::string_view> run_at_load;
};

Status Refusal(const std::string& what) {
  return Status(Code::kFailedPrecondition, "--refuse_ops: " + what);
}

bool IsThere(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0;
}

bool IsInitCollection(std::string_view name) {
  return name == kInitCollections[0] || name == kInitCollections[1];
}

// TensorInfo: name 1, coo_sparse 4 { 1, 2, 3 }, composite_tensor 5 { components 2 }.
bool ReadTensorNames(std::string_view info, int depth, std::vector<std::string_view>* names) {
  constexpr int kMostNesting = 32;
  if (depth > kMostNesting) return false;
  return ForEachBytes(info, [&](uint32_t field, std::string_view value) {
    if (field == 1) names->push_back(value);
    if (field == 4) {
      return ForEachBytes(value, [&](uint32_t, std::string_view name) {
        names->push_back(name);
        return true;
      });
    }
    return field != 5 || ForEachBytes(value, 2, [&](std::string_view component) {
             return ReadTensorNames(component, depth + 1, names);
           });
  });
}

// map<string, SignatureDef>; SignatureDef: outputs 2, a map of TensorInfo.
bool ReadOutputs(std::string_view entry, MetaGraphParts* parts) {
  std::string_view name;
  std::vector<std::string_view> tensors;
  const bool is_read = ForEachBytes(entry, [&](uint32_t field, std::string_view value) {
    if (field == 1) name = value;
    return field != 2 || ForEachBytes(value, 2, [&](std::string_view output) {
             return ForEachBytes(output, 2, [&](std::string_view info) {
               return ReadTensorNames(info, 0, &tensors);
             });
           });
  });
  for (std::string_view tensor : tensors) {
    if (name == kInitSignature) {
      parts->run_at_load.push_back(NodeOf(tensor));
    } else {
      parts->outputs.emplace_back(name, NodeOf(tensor));
    }
  }
  return is_read;
}

// map<string, CollectionDef>; CollectionDef: node_list 1 { value 1 }.
bool ReadCollection(std::string_view entry, MetaGraphParts* parts) {
  std::string_view name;
  std::vector<std::string_view> nodes;
  const bool is_read = ForEachBytes(entry, [&](uint32_t field, std::string_view value) {
    if (field == 1) name = value;
    return field != 2 || ForEachBytes(value, 1, [&](std::string_view list) {
             return ForEachBytes(list, 1, [&](std::string_view node) {
               nodes.push_back(NodeOf(node));
               return true;
             });
           });
  });
  if (!IsInitCollection(name)) return is_read;
  for (std::string_view node : nodes) parts->run_at_load.push_back(node);
  return is_read;
}

// MetaGraphDef: meta_info_def 1 { tags 4 }, graph_def 2, saver_def 3 { restore_op_name 3 },
// collection_def 4, signature_def 5.
bool ReadParts(std::string_view meta_graph_def, MetaGraphParts* parts) {
  return ForEachBytes(meta_graph_def, [&](uint32_t field, std::string_view value) {
    switch (field) {
      case 1:
        return ForEachBytes(value, 4, [&](std::string_view tag) {
          parts->tags.insert(tag);
          return true;
        });
      case 2:
        parts->graph_defs.push_back(value);
        return true;
      case 3:
        return ForEachBytes(value, 3, [&](std::string_view node) {
          parts->run_at_load.push_back(NodeOf(node));
          return true;
        });
      case 4:
        return ReadCollection(value, parts);
      case 5:
        return ReadOutputs(value, parts);
      default:
        return true;
    }
  });
}

Status CheckParts(const MetaGraphParts& parts, const std::vector<RefusedOp>& refused,
                  RefusedNodes* nodes) {
  std::vector<RefusedOp> at_load;
  for (const RefusedOp& entry : refused) {
    bool may_load = false;
    for (std::string_view op : kMayLoad) may_load |= entry.op == op;
    if (!may_load) at_load.push_back(entry);
  }
  RefusedNodes not_at_load;
  if (!FindRefusedNodes(parts.graph_defs, refused, nodes).ok() ||
      !FindRefusedNodes(parts.graph_defs, at_load, &not_at_load).ok()) {
    return Refusal("the graph cannot be looked through: malformed GraphDef");
  }
  for (std::string_view node : parts.run_at_load) {
    const auto found = not_at_load.find(node);
    if (found != not_at_load.end()) return Refusal("loading runs " + found->second);
  }
  for (const auto& [signature, node] : parts.outputs) {
    const auto found = nodes->find(node);
    if (found == nodes->end()) continue;
    return Refusal("signature \"" + std::string(signature) + "\" runs " + found->second);
  }
  return Status();
}

}  // namespace

Status RefuseOps(const LoadOptions& options, RefusedNodes* nodes) {
  if (options.refused_ops.empty()) return Status();
  const std::string path = options.path + "/saved_model.pb";
  for (const char* other : {".cpb", "txt"}) {  // TensorFlow may take these first
    const std::string file = other[0] == '.' ? options.path + "/saved_model.cpb" : path + other;
    if (IsThere(file)) return Refusal(file + " cannot be looked through, only a saved_model.pb");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status();  // TensorFlow says what is wrong
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const std::set<std::string_view> tags(options.tags.begin(), options.tags.end());
  Status status;
  // SavedModel: meta_graphs 2. All with these tags count.
  const bool is_read = ForEachBytes(bytes, 2, [&](std::string_view meta_graph_def) {
    MetaGraphParts parts;
    if (!ReadParts(meta_graph_def, &parts)) return false;
    if (parts.tags == tags && status.ok()) status = CheckParts(parts, options.refused_ops, nodes);
    return true;
  });
  if (!is_read) return Refusal(path + " cannot be looked through: malformed SavedModel");
  return status;
}

}  // namespace tensorgate
