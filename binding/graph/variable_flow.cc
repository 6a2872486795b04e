#include "graph/variable_flow.h"

#include <algorithm>
#include <utility>

#include "graph/attr_value.h"
#include "graph/tensor_ref.h"

namespace tensorgate {
namespace {

// Calls within calls, and handles that are passed on and on: no graph that was traced goes deeper.
constexpr int kMaxHops = 200;

bool PassesHandlesOn(std::string_view op) {
  return op == "Identity" || op == "Enter" || op == "Switch";
}

// Ops that call functions, with the attributes that name these and the types of what is passed.
struct CallOp {
  std::string_view op;
  std::vector<std::string_view> functions;
  std::string_view input_types;
  std::string_view output_types;
  size_t first_input;  // inputs before it choose which function is called
};

const CallOp* FindCallOp(std::string_view op) {
  static const std::vector<CallOp> ops = {
      {"PartitionedCall", {"f"}, "Tin", "Tout", 0},
      {"StatefulPartitionedCall", {"f"}, "Tin", "Tout", 0},
      {"While", {"cond", "body"}, "T", "T", 0},
      {"StatelessWhile", {"cond", "body"}, "T", "T", 0},
      {"If", {"then_branch", "else_branch"}, "Tin", "Tout", 1},
      {"StatelessIf", {"then_branch", "else_branch"}, "Tin", "Tout", 1},
      {"Case", {"branches"}, "Tin", "Tout", 1},
      {"StatelessCase", {"branches"}, "Tin", "Tout", 1},
  };
  for (const CallOp& call : ops) {
    if (call.op == op) return &call;
  }
  return nullptr;
}

Status Malformed(const Node& node) {
  return CannotFreeze("node " + std::string(node.name) + " is malformed");
}

}  // namespace

Status CannotFreeze(std::string reason) {
  return Status(Code::kFailedPrecondition, std::move(reason));
}

VariableFlow::VariableFlow(const std::vector<Node>& nodes,
                           std::unordered_map<std::string_view, Flow> sources, bool in_function,
                           FunctionCopies* copies)
    : sources_(std::move(sources)), in_function_(in_function), copies_(copies), nodes_(nodes) {
  for (size_t i = 0; i < nodes.size(); ++i) index_.emplace(nodes[i].name, i);
}

const Node* VariableFlow::Find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &nodes_[found->second];
}

Status VariableFlow::Of(std::string_view tensor, Flow* flow) {
  *flow = kNoFlow;
  // A loop, and not recursion: identities follow each other at any length.
  for (int passed = 0; passed <= kMaxHops; ++passed) {
    if (IsControl(tensor)) return Status();
    const TensorRef endpoint = ParseTensorRef(tensor, in_function_);
    const auto source = sources_.find(endpoint.node);
    if (source != sources_.end() && endpoint.is_argument == in_function_) {
      *flow = source->second;
      return Status();
    }
    const Node* node = endpoint.is_argument ? nullptr : Find(endpoint.node);
    if (node == nullptr) return Status();
    if (PassesHandlesOn(node->op)) {
      const std::string_view* type = node->attr("T");
      DataType dtype = DataType::kInvalid;
      if (type == nullptr || !ReadTypeAttr(*type, &dtype) || node->data_inputs() == 0) {
        return Status();
      }
      if (dtype != DataType::kResource) return Status();
      tensor = node->inputs[0];
      continue;
    }
    if (FindCallOp(node->op) == nullptr) return Status();
    const Call* call = nullptr;
    Status status = CallOf(*node, &call);
    const size_t index = static_cast<size_t>(endpoint.index);
    if (status.ok() && index < call->outputs.size()) *flow = call->outputs[index];
    return status;
  }
  return CannotFreeze("a variable is passed on too often");
}

std::string_view VariableFlow::Renamed(std::string_view tensor) {
  if (!in_function_ || IsControl(tensor)) return tensor;
  const TensorRef endpoint = ParseTensorRef(tensor, true);
  if (endpoint.is_argument) return tensor;
  const Node* node = Find(endpoint.node);
  if (node == nullptr || node->op != "ReadVariableOp" || node->inputs.empty()) return tensor;
  Flow flow = kNoFlow;
  if (!Of(node->inputs[0], &flow).ok() || flow == kNoFlow) return tensor;
  return copies_->Keep(std::string(endpoint.node) + ":output:0");
}

Status VariableFlow::Rewrite(size_t index, std::vector<Node>* out) {
  const Node& node = nodes_[index];
  const CallOp* call_op = FindCallOp(node.op);
  Node rewritten;
  if (call_op != nullptr) {
    const Call* call = nullptr;
    Status status = CallOf(node, &call);
    if (!status.ok()) return status;
    rewritten = call->node;
  } else {
    rewritten = node;
    const size_t data_inputs = node.data_inputs();
    for (size_t i = 0; i < data_inputs; ++i) {
      Flow flow = kNoFlow;
      Status status = Of(node.inputs[i], &flow);
      if (!status.ok()) return status;
      if (flow == kNoFlow) continue;
      if (i != 0) {
        return CannotFreeze("a variable is an argument of " + std::string(node.op));
      }
      if (PassesHandlesOn(node.op)) {
        rewritten.SetAttr("T", copies_->Keep(TypeAttr(flow)));
      } else if (node.op == "ReadVariableOp") {
        rewritten.op = "Identity";
        rewritten.attrs = {{"T", copies_->Keep(TypeAttr(flow))}};
      } else if (node.op == "VariableShape") {
        rewritten.op = "Shape";
        rewritten.SetAttr("T", copies_->Keep(TypeAttr(flow)));
      } else if (node.op == "ResourceGather" || node.op == "ResourceGatherNd") {
        status = Gather(node, flow, out);
        if (!status.ok()) return status;
        rewritten = std::move(out->back());
        out->pop_back();
      } else {
        return CannotFreeze("a variable is used by " + std::string(node.op));
      }
    }
  }
  for (std::string_view& input : rewritten.inputs) input = Renamed(input);
  // Both speak of what the node was: of handles, and of nodes that may be gone.
  rewritten.DropAttr("_class");
  rewritten.DropAttr("_output_shapes");
  out->push_back(std::move(rewritten));
  return Status();
}

// Adds the op's replacement last, what it needs before it.
Status VariableFlow::Gather(const Node& node, Flow flow, std::vector<Node>* out) {
  const bool is_nd = node.op == "ResourceGatherNd";
  const std::string_view* batch_dims = node.attr("batch_dims");
  const std::string_view* indices = node.attr("Tindices");
  int64_t dims = 0;
  if (batch_dims != nullptr && ReadIntAttr(*batch_dims, &dims) && dims != 0) {
    return CannotFreeze("ResourceGather has batch_dims");
  }
  if (node.data_inputs() != 2 || indices == nullptr) return Malformed(node);
  Node gather = node;
  gather.op = is_nd ? "GatherNd" : "GatherV2";
  gather.attrs = {{"Tparams", copies_->Keep(TypeAttr(flow))}, {"Tindices", *indices}};
  if (!is_nd) {
    Node axis;
    axis.name = copies_->Keep(std::string(node.name) + "/tensorgate_axis");
    if (Find(axis.name) != nullptr) return Malformed(node);
    axis.op = "Const";
    axis.device = node.device;
    // TensorProto { dtype: DT_INT32 tensor_shape {} int_val: 0 } in the field `tensor`, 8.
    constexpr char kZero[] = {0x42, 0x07, 0x08, 0x03, 0x12, 0x00, 0x3a, 0x01, 0x00};
    const std::string_view int32 = copies_->Keep(TypeAttr(DataType::kInt32));
    axis.attrs = {{"dtype", int32}, {"value", copies_->Keep(std::string(kZero, sizeof(kZero)))}};
    if (!in_function_) {
      // In a loop of a graph, all that an op takes must belong to the loop.
      const TensorRef of_indices = ParseTensorRef(node.inputs[1], false);
      axis.inputs.push_back(copies_->Keep("^" + std::string(of_indices.node)));
    }
    const std::string output = std::string(axis.name) + (in_function_ ? ":output:0" : "");
    gather.inputs.insert(gather.inputs.begin() + 2, copies_->Keep(output));
    gather.attrs.push_back({"Taxis", int32});
    out->push_back(std::move(axis));
  }
  out->push_back(std::move(gather));
  return Status();
}

Status VariableFlow::CallOf(const Node& node, const Call** call) {
  const auto known = calls_.find(&node);
  if (known != calls_.end()) {
    *call = &known->second;
    return Status();
  }
  if (depth_ >= kMaxHops) return CannotFreeze("calls follow each other too often");
  ++depth_;
  Call made;
  Status status = MakeCall(node, &made);
  --depth_;
  if (status.ok()) *call = &calls_.insert_or_assign(&node, std::move(made)).first->second;
  return status;
}

Status VariableFlow::MakeCall(const Node& node, Call* call) {
  call->node = node;
  const CallOp& op = *FindCallOp(node.op);
  const std::string_view* in = node.attr(op.input_types);
  const std::string_view* out = node.attr(op.output_types);
  std::vector<DataType> input_types, output_types;
  const size_t data_inputs = node.data_inputs();
  if (in == nullptr || out == nullptr || !ReadTypeListAttr(*in, &input_types) ||
      !ReadTypeListAttr(*out, &output_types) ||
      data_inputs != op.first_input + input_types.size()) {
    return Malformed(node);
  }
  std::vector<Flow> flows(input_types.size(), kNoFlow);
  bool any = false;
  for (size_t i = 0; i < flows.size(); ++i) {
    if (input_types[i] != DataType::kResource) continue;
    Status status = Of(node.inputs[op.first_input + i], &flows[i]);
    if (!status.ok()) return status;
    if (flows[i] == kNoFlow) continue;
    any = true;
    input_types[i] = flows[i];
  }
  call->outputs.assign(output_types.size(), kNoFlow);
  if (!any) return Status();
  Status status = CopyFunctions(&call->node, flows, &call->outputs);
  if (!status.ok()) return status;
  const bool is_loop = op.input_types == op.output_types;
  if (is_loop && call->outputs != flows) {
    return CannotFreeze("a loop passes on another variable than it takes");
  }
  bool changes_outputs = false;
  for (size_t i = 0; i < output_types.size(); ++i) {
    if (call->outputs[i] == kNoFlow) continue;
    output_types[i] = call->outputs[i];
    changes_outputs = true;
  }
  call->node.SetAttr(op.input_types, copies_->Keep(TypeListAttr(input_types)));
  if (!is_loop) call->node.SetAttr(op.output_types, copies_->Keep(TypeListAttr(output_types)));
  if (changes_outputs && node.attr("output_shapes") != nullptr) {
    // They were those of handles.
    call->node.SetAttr("output_shapes", copies_->Keep(EmptyListAttr()));
  }
  return Status();
}

Status VariableFlow::CopyFunctions(Node* node, const std::vector<Flow>& inputs,
                                   std::vector<Flow>* outputs) {
  const CallOp& op = *FindCallOp(node->op);
  const bool is_loop = op.input_types == op.output_types;
  bool is_first = true;
  const auto copy = [&](std::string_view name, bool is_condition, std::string_view* copied) {
    std::vector<Flow> returned;
    Status status = copies_->Copy(name, inputs, copied, &returned);
    if (!status.ok() || is_condition) return status;
    if (returned.size() != outputs->size()) return Malformed(*node);
    if (!is_first && returned != *outputs) {
      return CannotFreeze("the branches of " + std::string(node->op) + " return other variables");
    }
    is_first = false;
    *outputs = std::move(returned);
    return status;
  };
  for (std::string_view attr_name : op.functions) {
    const std::string_view* attr = node->attr(attr_name);
    if (attr == nullptr) return Malformed(*node);
    if (attr_name == "branches") {
      std::vector<std::string_view> names;
      if (!ReadFunctionListAttr(*attr, &names)) return Malformed(*node);
      std::vector<std::string> copied;
      for (std::string_view name : names) {
        std::string_view copy_name;
        Status status = copy(name, false, &copy_name);
        if (!status.ok()) return status;
        copied.emplace_back(copy_name);
      }
      node->SetAttr(attr_name, copies_->Keep(WithFunctions(*attr, copied)));
      continue;
    }
    std::string_view name, copy_name;
    if (!ReadFunctionAttr(*attr, &name)) return Malformed(*node);
    Status status = copy(name, is_loop && attr_name == "cond", &copy_name);
    if (!status.ok()) return status;
    node->SetAttr(attr_name, copies_->Keep(WithFunction(*attr, copy_name)));
  }
  return Status();
}

}  // namespace tensorgate
