#include "graph/shared_weights_graph.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "graph/attr_value.h"
#include "tensor/dtype.h"

namespace tensorgate {
namespace {

// No node that TensorFlow makes has such a name.
constexpr char kPrefix[] = "tensorgate/shared_weights/";

// Loops and branches of TensorFlow 1, and what goes to other devices.
bool IsUnknownGround(std::string_view op) {
  for (std::string_view each :
       {"Switch", "_SwitchN", "Merge", "Enter", "Exit", "NextIteration", "LoopCond", "RefSwitch",
        "RefMerge", "RefEnter", "RefExit", "RefNextIteration", "SymbolicGradient"}) {
    if (op == each) return true;
  }
  return StartsWith(op, "_Send") || StartsWith(op, "_Recv") || StartsWith(op, "_Host");
}

class SharedWeightsWriter {
 public:
  SharedWeightsWriter(const GraphDef& executed, size_t least_bytes, size_t first_number,
                      SharedWeightsGraph* shared)
      : executed_(executed),
        least_bytes_(least_bytes),
        next_number_(first_number),
        shared_(shared) {}

  Status Write(const std::vector<std::string>& feeds, const std::vector<std::string>& fetches) {
    shared_->feeds.assign(feeds.size(), "");
    shared_->fetches.assign(fetches.size(), "");
    Status status = Check();
    if (status.ok()) status = NameEnds("_Arg", "_arg_", feeds, &shared_->feeds);
    if (status.ok()) status = NameEnds("_Retval", "_retval_", fetches, &shared_->fetches);
    if (!status.ok()) return status;
    for (const Node& node : executed_.nodes) {
      status = WriteNode(node);
      if (!status.ok()) return status;
    }
    AppendVersions(executed_.versions, &shared_->graph_def);
    return Status();
  }

 private:
  Status Check() const {
    std::unordered_set<std::string_view> functions;
    for (const Function& function : executed_.functions) functions.insert(function.name);
    for (const Node& node : executed_.nodes) {
      std::vector<std::string_view> called;
      for (const Attr& attr : node.attrs) {
        if (attr.name != "value" && !FindFunctions(attr.value, &called)) {
          return CannotShareWeights("node " + std::string(node.name) + " is malformed");
        }
      }
      if (!called.empty() || functions.count(node.op) > 0) {
        return CannotShareWeights("node " + std::string(node.name) + " calls a function");
      }
      if (IsUnknownGround(node.op)) return CannotShareWeights("it uses " + std::string(node.op));
      if (StartsWith(node.name, kPrefix))
        return CannotShareWeights("a node has the name of another");
      if (node.device != executed_.nodes.front().device) {
        return CannotShareWeights("it is executed on several devices");
      }
    }
    return Status();
  }

  // Finds the nodes through which the tensors go in or out: `op` says by an index which of them in
  // their alphabetical order, and the node's name confirms it.
  Status NameEnds(std::string_view op, const std::string& prefix,
                  const std::vector<std::string>& tensors, std::vector<std::string>* names) {
    std::vector<size_t> order(tensors.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return tensors[a] < tensors[b]; });
    size_t found = 0;
    for (const Node& node : executed_.nodes) {
      if (node.op != op) continue;
      int64_t index = -1;
      const std::string_view* attr = node.attr("index");
      // The index of the first, 0, is not on the wire.
      if (attr != nullptr && !ReadIntAttr(*attr, &index)) index = 0;
      if (index < 0 || static_cast<size_t>(index) >= order.size()) {
        return CannotShareWeights("it has another number of inputs or outputs");
      }
      const size_t which = order[static_cast<size_t>(index)];
      std::string expected = prefix + tensors[which] + "_" + std::to_string(index);
      expected[prefix.size() + tensors[which].rfind(':')] = '_';
      if (node.name != expected || !(*names)[which].empty()) {
        return CannotShareWeights("node " + std::string(node.name) +
                                  " is no input or output of it");
      }
      const std::string name = kPrefix +
                               (op == "_Arg" ? std::string("feed/") : std::string("fetch/")) +
                               std::to_string(which);
      renamed_.emplace(node.name, name);
      (*names)[which] = name + ":0";
      ++found;
    }
    return found == tensors.size() ? Status() : CannotShareWeights("it lacks an input or output");
  }

  Status WriteNode(const Node& original) {
    Node node = original;
    const auto renamed = renamed_.find(node.name);
    std::string own_name;
    if (renamed != renamed_.end()) {
      node.name = renamed->second;
    } else if (StartsWith(node.name, "_")) {
      // TensorFlow takes such names from itself alone.
      own_name = Moved(node.name);
      node.name = own_name;
    }
    std::vector<std::string> texts;
    texts.reserve(node.inputs.size());
    for (std::string_view& input : node.inputs) {
      const std::string text = MovedInput(input);
      if (!text.empty()) input = texts.emplace_back(text);
    }
    // What shall be together is: all of it on one device.
    node.DropAttr("_class");
    if (node.op == "_Arg" || node.op == "_Retval") {
      const std::string_view* type = node.attr("T");
      if (type == nullptr) return CannotShareWeights("an input or output has no type");
      const std::string_view dtype = *type;
      node.attrs.clear();
      node.SetAttr(node.op == "_Arg" ? "dtype" : "T", dtype);
      node.op = node.op == "_Arg" ? "Placeholder" : "Identity";
    }
    if (WriteVariable(node)) return Status();
    AppendNode(node, &shared_->graph_def);
    size_t number = 0;
    if (IsResident(node, &number)) {
      shared_->weights.push_back({AppendAssignment(node, number, &shared_->graph_def), {}});
    }
    return Status();
  }

  // False: it is not to be a variable.
  bool WriteVariable(const Node& node) {
    const std::string_view* value = node.attr("value");
    const std::string_view* dtype = node.attr("dtype");
    std::string_view proto, shape;
    std::vector<int64_t> dims;
    DataType type;
    if (node.op != "Const" || value == nullptr || dtype == nullptr ||
        !ReadTensorAttr(*value, &proto, &shape) || !ReadTypeAttr(*dtype, &type) ||
        !ReadShape(shape, &dims) || BytesOf(type, dims) < least_bytes_) {
      return false;
    }
    shared_->weights.push_back(
        {AppendResident(node, *dtype, dims, next_number_++, &shared_->graph_def), proto});
    return true;
  }

  static std::string Moved(std::string_view name) {
    return kPrefix + ("node/" + std::string(name));
  }

  // Empty: it stays.
  std::string MovedInput(std::string_view input) const {
    const bool is_control = StartsWith(input, "^");
    const std::string_view tensor = input.substr(is_control ? 1 : 0);
    const std::string_view name = tensor.substr(0, tensor.find(':'));
    const auto renamed = renamed_.find(name);
    if (renamed == renamed_.end() && !StartsWith(name, "_")) return "";
    return (is_control ? "^" : "") + (renamed != renamed_.end() ? renamed->second : Moved(name)) +
           std::string(tensor.substr(name.size()));
  }

  const GraphDef& executed_;
  const size_t least_bytes_;
  size_t next_number_;
  SharedWeightsGraph* const shared_;
  std::unordered_map<std::string_view, std::string> renamed_;
};

}  // namespace

Status CannotShareWeights(std::string reason) {
  return Status(Code::kFailedPrecondition, std::move(reason));
}

Status MakeSharedWeightsGraph(const GraphDef& executed, const std::vector<std::string>& feeds,
                              const std::vector<std::string>& fetches, size_t least_bytes,
                              size_t first_number, SharedWeightsGraph* shared) {
  return SharedWeightsWriter(executed, least_bytes, first_number, shared).Write(feeds, fetches);
}

}  // namespace tensorgate
