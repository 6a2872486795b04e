#include "graph/engine_graph.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "codec/output_buffer.h"
#include "codec/proto/predict_proto.h"
#include "graph/attr_value.h"
#include "graph/engine_ops.h"
#include "graph/message.h"
#include "graph/resident_weights.h"
#include "graph/value_flow.h"

namespace tensorgate {
namespace {

constexpr std::string_view kOutputPrefix = "tensorgate/outputs/";

// Of rows that are gathered: as floats they are still exact.
constexpr int64_t kMostRows = int64_t{1} << 24;

// ValueFlow gives up where a graph has more ways than anyone can go.
constexpr size_t kMostNodes = 20'000;

Status Refuse(std::string why) { return Status(Code::kFailedPrecondition, std::move(why)); }

std::string Quoted(const Node& node) {
  return std::string(node.name) + " (" + std::string(node.op) + ")";
}

bool IsInteger(DataType type) { return type == DataType::kInt32 || type == DataType::kInt64; }

// Of which an engine has the very same.
bool MayBeFed(DataType type) {
  return type == DataType::kFloat || type == DataType::kUint8 || type == DataType::kBool ||
         IsInteger(type);
}

// What gathers, and whether the rows that it gathers are known to be there.
using Gathers = std::unordered_map<const Node*, bool>;

class EngineGraphMaker {
 public:
  EngineGraphMaker(const GraphDef& frozen, const ResidentValue& resident, EngineGraph* made)
      : frozen_(frozen), resident_(resident), by_name_(NodesByNameOf(frozen.nodes)), made_(made) {
    for (const Function& function : frozen.functions) functions_.emplace(function.name, &function);
  }

  Status Make(const std::vector<std::string>& fetches) {
    for (size_t i = 0; i < made_->inputs.size(); ++i) {
      const EngineInput& input = made_->inputs[i];
      const std::string_view name = input.name;
      if (name.size() < 2 || name.substr(name.size() - 2) != ":0") {
        return Refuse("it feeds " + input.name + ", which is no first output");
      }
      if (!MayBeFed(input.dtype)) {
        return Refuse("its input is of type " + DataTypeName(input.dtype));
      }
      fed_.emplace(name.substr(0, name.size() - 2), i);
    }
    for (const std::string& fetch : fetches) needed_.push_back(NodeOf(fetch));
    Status status = Write();
    if (status.ok()) status = WriteFunctions();
    if (!status.ok()) return status;
    for (size_t i = 0; i < fetches.size(); ++i) {
      status = WriteOutput(fetches[i], i);
      if (!status.ok()) return status;
    }
    AppendVersions(frozen_.versions, &made_->graph_def);
    return Status();
  }

 private:
  // The nodes that are needed, in the order of the graph.
  Status Write() {
    std::unordered_set<std::string_view> seen;
    while (!needed_.empty()) {
      const auto found = by_name_.find(needed_.back());
      needed_.pop_back();
      if (found == by_name_.end()) return Refuse("the graph lacks a node that it needs");
      const Node& node = *found->second;
      if (!seen.insert(node.name).second || fed_.count(node.name) > 0) continue;
      for (size_t i = 0; i < node.data_inputs(); ++i) needed_.push_back(NodeOf(node.inputs[i]));
    }
    for (const Node& node : frozen_.nodes) {
      if (seen.count(node.name) == 0) continue;
      Status status = WriteNode(node);
      if (!status.ok()) return status;
    }
    // What is fed, and computes nothing that is asked for.
    for (const auto& [name, index] : fed_) {
      if (seen.count(name) == 0) return Refuse("its input " + std::string(name) + " is not used");
    }
    return Status();
  }

  Status WriteNode(const Node& node) {
    std::string* const out = &made_->graph_def;
    if (const auto fed = fed_.find(node.name); fed != fed_.end()) {
      WritePlaceholder(node, made_->inputs[fed->second]);
      return Status();
    }
    size_t number;
    if (IsResident(node, &number)) return Status();
    if (node.op == "ReadVariableOp") {
      const auto variable = by_name_.find(NodeOf(node.inputs.empty() ? "" : node.inputs[0]));
      TensorView value;
      if (variable == by_name_.end() || !IsResident(*variable->second, &number) ||
          !resident_(number, &value)) {
        return Refuse("node " + Quoted(node) + " reads a variable");
      }
      return WriteConstant(node, value);
    }
    Status status = CheckEngineOp(node);
    if (!status.ok()) return status;
    Node plain = node;
    plain.device = {};
    plain.inputs.resize(node.data_inputs());
    AppendNode(plain, out);
    return FindCalled(node);
  }

  void WritePlaceholder(const Node& node, const EngineInput& input) {
    const std::string dtype = TypeAttr(input.dtype), shape = ShapeAttr(input.dims);
    Node placeholder{node.name, "Placeholder", {}, {}, {{"dtype", dtype}}};
    if (!input.unknown_rank) placeholder.attrs.push_back({"shape", shape});
    AppendNode(placeholder, &made_->graph_def);
  }

  Status WriteConstant(const Node& node, const TensorView& value) {
    OutputBuffer tensor;
    Status status = EncodeTensorProto(value, /*as_content=*/true, &tensor);
    if (!status.ok()) return status;
    std::string attr;
    AppendBytesField(8, tensor.view(), &attr);  // AttrValue: tensor 8
    tensor = OutputBuffer();
    const std::string dtype = TypeAttr(value.dtype);
    const Node constant{node.name, "Const", {}, {}, {{"dtype", dtype}, {"value", attr}}};
    Status checked = CheckEngineOp(constant);
    if (checked.ok()) AppendNode(constant, &made_->graph_def);
    return checked;
  }

  Status FindCalled(const Node& node) {
    called_.push_back(node.op);
    for (const Attr& attr : node.attrs) {
      if (attr.name != "value" && !FindFunctions(attr.value, &called_)) {
        return Refuse("node " + Quoted(node) + " is malformed");
      }
    }
    return Status();
  }

  Status WriteFunctions() {
    std::unordered_set<std::string_view> seen;
    std::vector<const Function*> functions;
    while (!called_.empty()) {
      const auto found = functions_.find(called_.back());
      called_.pop_back();
      if (found == functions_.end() || !seen.insert(found->first).second) continue;
      functions.push_back(found->second);
      for (const Node& node : found->second->nodes) {
        Status status = CheckEngineOp(node);
        if (status.ok()) status = FindCalled(node);
        if (!status.ok()) return status;
      }
    }
    AppendLibrary(functions, &made_->graph_def);
    return Status();
  }

  // Each output is one of its own: engines name them by what nobody else reads.
  Status WriteOutput(const std::string& fetch, size_t index) {
    if (fed_.count(NodeOf(fetch)) > 0) return Refuse("it gives back what it is fed");
    const std::string name = std::string(kOutputPrefix) + std::to_string(index);
    const std::string dtype = TypeAttr(DataType::kFloat);
    AppendNode({name, "Identity", {}, {fetch}, {{"T", dtype}}}, &made_->graph_def);
    made_->outputs.push_back(name + ":0");
    return Status();
  }

  const GraphDef& frozen_;
  const ResidentValue& resident_;
  const NodesByName by_name_;
  EngineGraph* const made_;
  std::unordered_map<std::string_view, const Function*> functions_;
  std::unordered_map<std::string_view, size_t> fed_;  // by the node's name
  std::vector<std::string_view> needed_;
  std::vector<std::string_view> called_;
};

// Looks where whole numbers go that are fed, and where those come from that say what is gathered.
class RowCheck {
  struct Reader {
    const Node* node;
    size_t slot;
  };

 public:
  RowCheck(const GraphDef& graph, EngineGraph* made) : graph_(graph), flow_(graph), made_(made) {}

  Status Check() {
    size_t count = graph_.nodes.size();
    FindGathers(graph_.nodes);
    for (const Function& function : graph_.functions) {
      FindGathers(function.nodes);
      count += function.nodes.size();
    }
    if (count > kMostNodes) return Refuse("it has more nodes than are looked through");
    for (EngineInput& input : made_->inputs) {
      if (!IsInteger(input.dtype)) continue;
      Status status = Follow(&input);
      if (!status.ok()) return status;
    }
    for (const auto& [gather, is_known] : gathers_) {
      if (!is_known) return Refuse("node " + Quoted(*gather) + " gathers rows that are computed");
    }
    return Status();
  }

 private:
  void FindGathers(const std::vector<Node>& nodes) {
    const NodesByName by_name = NodesByNameOf(nodes);
    for (const Node& node : nodes) {
      for (size_t i = 0; i < node.data_inputs(); ++i) {
        const auto read = by_name.find(NodeOf(node.inputs[i]));
        if (read != by_name.end()) readers_[read->second].push_back({&node, i});
      }
    }
    const auto is_const = [&](std::string_view input) {
      const auto found = by_name.find(NodeOf(input));
      return found != by_name.end() && found->second->op == "Const";
    };
    for (const Node& node : nodes) {
      if (!IsGather(node.op) || node.data_inputs() < 2) continue;
      bool is_known = is_const(node.inputs[1]);
      const auto rows = by_name.find(NodeOf(node.inputs[1]));
      if (rows != by_name.end() && rows->second->op == "Range") {
        const std::vector<std::string_view>& of = rows->second->inputs;
        is_known = std::all_of(of.begin(), of.end(), is_const);
      }
      gathers_.emplace(&node, is_known);
    }
  }

  Status Follow(EngineInput* input) {
    const std::string_view node = NodeOf(input->name);
    const std::string output = ValueFlow::OutputName(flow_.graph(), "", 0, 0);
    computes_ = false;
    Status status;
    flow_.FollowAll({flow_.graph(), node, output},
                    [&](const ValueFlow::Value& read, const Node& by, size_t slot) {
                      if (status.ok() && read.is_exact) status = Use(read, by, slot, input);
                    });
    if (status.ok() && computes_ && input->below == 0) {
      status = Refuse("it computes with its input " + input->name);
    }
    return status;
  }

  Status Use(const ValueFlow::Value& read, const Node& by, size_t slot, EngineInput* input) {
    if (IsGather(by.op) && slot == 1) {
      int64_t rows = 0;
      if (!RowsOf(read, by, &rows) || rows > kMostRows) {
        return Refuse("node " + Quoted(by) + " gathers from unknown rows");
      }
      input->below = input->below == 0 ? rows : std::min(input->below, rows);
      gathers_[&by] = true;
      return Status();
    }
    if (HandsOn(by, slot)) return Status();
    computes_ = true;  // exactly, of numbers that have a bound
    if (IsOfNegatives(read.scope, by, slot)) return Status();
    return Refuse("node " + Quoted(by) + " computes with whole numbers that are fed");
  }

  // Keras has rows from the end, too: SelectV2(rows < 0, rows + count, rows), which of no negative
  // numbers is `rows`.
  bool IsOfNegatives(const ValueFlow::Scope* scope, const Node& node, size_t slot) const {
    if (node.op == "SelectV2") return slot == 2 && SelectsNegatives(scope, node);
    if (slot != 0 || node.data_inputs() != 2) return false;
    if (node.op == "Less") return IsZero(scope, node.inputs[1]);
    if (node.op != "AddV2") return false;
    const auto readers = readers_.find(&node);
    return readers == readers_.end() ||
           std::all_of(readers->second.begin(), readers->second.end(), [&](const Reader& each) {
             return each.node->op == "SelectV2" && each.slot == 1 &&
                    SelectsNegatives(scope, *each.node);
           });
  }

  bool SelectsNegatives(const ValueFlow::Scope* scope, const Node& select) const {
    if (select.data_inputs() != 3) return false;
    const ValueFlow::Scope* at = nullptr;
    const Node* less = flow_.Source(scope, select.inputs[0], &at);
    return less != nullptr && at == scope && less->op == "Less" && less->data_inputs() == 2 &&
           less->inputs[0] == select.inputs[2] && IsZero(scope, less->inputs[1]);
  }

  bool RowsOf(const ValueFlow::Value& read, const Node& gather, int64_t* rows) const {
    std::vector<int64_t> dims;
    const std::string_view* batch_dims = gather.attr("batch_dims");
    int64_t batched = 0;
    if (batch_dims != nullptr && ReadIntAttr(*batch_dims, &batched) && batched != 0) return false;
    if (!flow_.ShapeOf(read.scope, gather.inputs[0], &dims) || dims.empty()) return false;
    if (gather.data_inputs() > 2 && !IsZero(read.scope, gather.inputs[2])) return false;
    *rows = dims[0];
    return *rows > 0;
  }

  bool IsZero(const ValueFlow::Scope* scope, std::string_view input) const {
    const ValueFlow::Scope* at = nullptr;
    const Node* source = flow_.Source(scope, input, &at);
    const std::string_view* value = source == nullptr ? nullptr : source->attr("value");
    std::string_view tensor, shape;
    Tensor constant;
    if (value == nullptr || source->op != "Const" || !ReadTensorAttr(*value, &tensor, &shape) ||
        !DecodeConstant(tensor, &constant).ok() || constant.elements != 1) {
      return false;
    }
    int64_t number = 0;
    const size_t size = ElementSize(constant.dtype);
    if (!IsInteger(constant.dtype) || constant.data.size() < size) return false;
    std::memcpy(&number, constant.data.data(), size);
    return number == 0;
  }

  const GraphDef& graph_;
  ValueFlow flow_;
  EngineGraph* const made_;
  Gathers gathers_;
  bool computes_ = false;  // with the input that is followed
  std::unordered_map<const Node*, std::vector<Reader>> readers_;
};

}  // namespace

Status MakeEngineGraph(const GraphDef& frozen, const ResidentValue& resident,
                       std::vector<EngineInput> inputs, const std::vector<std::string>& fetches,
                       EngineGraph* made) {
  made->inputs = std::move(inputs);
  Status status = EngineGraphMaker(frozen, resident, made).Make(fetches);
  if (!status.ok()) return status;
  GraphDef graph;
  status = ReadGraphDef(made->graph_def, &graph);
  return status.ok() ? RowCheck(graph, made).Check() : status;
}

}  // namespace tensorgate
