#include "graph/value_flow.h"

#include <algorithm>
#include <utility>

#include "graph/attr_value.h"
#include "graph/message.h"

namespace tensorgate {

struct ValueFlow::Body {
  const Function* function = nullptr;
  std::unordered_map<std::string_view, const Node*> nodes;
  std::unordered_map<std::string_view, std::vector<Use>> uses;

  explicit Body(const std::vector<Node>& of) {
    for (const Node& node : of) {
      nodes.emplace(node.name, &node);
      for (size_t i = 0; i < node.data_inputs(); ++i) Add(node.inputs[i], {&node, i, {}});
    }
  }
  void Add(std::string_view input, Use use) {
    const std::string_view name = NodeOf(input);
    use.output = input.substr(name.size());
    if (use.output == ":0") use.output = {};
    uses[name].push_back(use);
  }
};

struct ValueFlow::Scope {
  const Body* body = nullptr;
  const Scope* caller = nullptr;
  const Node* call = nullptr;
  size_t first_arg = 0;  // the caller's input that is the first argument
  int depth = 0;
};

namespace {

constexpr size_t kMaxSteps = 200000;
constexpr int kMaxCallDepth = 24;

bool IsLoop(std::string_view op) { return op == "While" || op == "StatelessWhile"; }

}  // namespace

ValueFlow::ValueFlow(const GraphDef& graph) : steps_left_(kMaxSteps) {
  for (const Function& function : graph.functions) functions_.emplace(function.name, &function);
  auto scope = std::make_unique<Scope>();
  scope->body = (bodies_[""] = std::make_unique<Body>(graph.nodes)).get();
  graph_scope_ = scope.get();
  scopes_.emplace(std::make_tuple(nullptr, nullptr, std::string_view()), std::move(scope));
}

ValueFlow::~ValueFlow() = default;

// What an op does with the elements that it reads: hands them on in another shape, computes others
// of that shape, or neither.
ValueFlow::Reach ValueFlow::ReachOf(std::string_view op, size_t slot) {
  static constexpr Rule kRules[] = {
      {"Abs", 0, Reach::kShape},
      {"Add", -1, Reach::kShape},
      {"AddV2", -1, Reach::kShape},
      {"BiasAdd", 0, Reach::kShape},
      {"BroadcastTo", 0, Reach::kElements},
      {"Cast", 0, Reach::kBoth},
      {"CheckNumerics", 0, Reach::kBoth},
      {"ClipByValue", 0, Reach::kShape},
      {"Concat", -1, Reach::kElements},
      {"ConcatV2", -1, Reach::kElements},
      {"DynamicPartition", 0, Reach::kElements},
      {"EnsureShape", 0, Reach::kBoth},
      {"Enter", 0, Reach::kBoth},
      {"Exit", 0, Reach::kBoth},
      {"ExpandDims", 0, Reach::kElements},
      {"Fill", 1, Reach::kElements},
      {"FusedBatchNorm", 0, Reach::kShape},
      {"FusedBatchNormV2", 0, Reach::kShape},
      {"FusedBatchNormV3", 0, Reach::kShape},
      {"Gather", 0, Reach::kElements},
      {"GatherNd", 0, Reach::kElements},
      {"GatherV2", 0, Reach::kElements},
      {"Identity", 0, Reach::kBoth},
      {"IdentityN", -1, Reach::kBoth},
      {"LogSoftmax", 0, Reach::kShape},
      {"Maximum", -1, Reach::kShape},
      {"Merge", -1, Reach::kBoth},
      {"Minimum", -1, Reach::kShape},
      {"Mul", -1, Reach::kShape},
      {"Neg", 0, Reach::kShape},
      {"NextIteration", 0, Reach::kBoth},
      {"Pack", -1, Reach::kElements},
      {"Pad", 0, Reach::kElements},
      {"PadV2", 0, Reach::kElements},
      {"PlaceholderWithDefault", 0, Reach::kBoth},
      {"PreventGradient", 0, Reach::kBoth},
      {"RaggedTensorToTensor", 1, Reach::kElements},
      {"RealDiv", -1, Reach::kShape},
      {"Relu", 0, Reach::kShape},
      {"Relu6", 0, Reach::kShape},
      {"Reshape", 0, Reach::kElements},
      {"ReverseV2", 0, Reach::kElements},
      {"Select", 1, Reach::kElements},
      {"Select", 2, Reach::kElements},
      {"SelectV2", 1, Reach::kElements},
      {"SelectV2", 2, Reach::kElements},
      {"Sigmoid", 0, Reach::kShape},
      {"Slice", 0, Reach::kElements},
      {"Softmax", 0, Reach::kShape},
      {"SparseFillEmptyRows", 1, Reach::kElements},
      {"SparseToDense", 2, Reach::kElements},
      {"Split", 1, Reach::kElements},
      {"SplitV", 0, Reach::kElements},
      {"Squeeze", 0, Reach::kElements},
      {"StopGradient", 0, Reach::kBoth},
      {"StridedSlice", 0, Reach::kElements},
      {"StringLower", 0, Reach::kElements},
      {"StringSplitV2", 0, Reach::kElements},
      {"StringStrip", 0, Reach::kElements},
      {"Sub", -1, Reach::kShape},
      {"Switch", 0, Reach::kBoth},
      {"Tanh", 0, Reach::kShape},
      {"TensorArrayGatherV3", 2, Reach::kElements},
      {"TensorArrayReadV3", 2, Reach::kElements},
      {"TensorArrayScatterV3", 2, Reach::kElements},
      {"TensorArraySplitV3", 1, Reach::kElements},
      {"TensorArrayWriteV3", 2, Reach::kElements},
      {"TensorListFromTensor", 0, Reach::kElements},
      {"TensorListGather", 0, Reach::kElements},
      {"TensorListGetItem", 0, Reach::kElements},
      {"TensorListSetItem", 0, Reach::kElements},
      {"TensorListSetItem", 2, Reach::kElements},
      {"TensorListStack", 0, Reach::kElements},
      {"Tile", 0, Reach::kElements},
      {"Transpose", 0, Reach::kElements},
      {"Unique", 0, Reach::kElements},
      {"Unpack", 0, Reach::kElements},
  };
  for (const Rule& rule : kRules) {
    if (rule.op != op) continue;
    if (rule.slot < 0 || static_cast<size_t>(rule.slot) == slot) return rule.reach;
  }
  return Reach::kNowhere;
}

const ValueFlow::Body* ValueFlow::BodyOf(std::string_view function) {
  if (function.empty()) return nullptr;  // the graph's own
  std::unique_ptr<Body>& body = bodies_[function];
  if (body != nullptr) return body.get();
  const auto found = functions_.find(function);
  if (found == functions_.end()) return nullptr;
  body = std::make_unique<Body>(found->second->nodes);
  body->function = found->second;
  for (const auto& [output, tensor] : found->second->returns) {
    size_t number = 0;
    while (number < found->second->outputs.size() &&
           found->second->outputs[number].name != output) {
      ++number;
    }
    body->Add(tensor, {nullptr, number, {}});
  }
  return body.get();
}

const ValueFlow::Scope* ValueFlow::Enter(const Scope* caller, const Node* call,
                                         std::string_view function, size_t first_arg) {
  if (caller->depth >= kMaxCallDepth) return nullptr;
  std::unique_ptr<Scope>& scope = scopes_[{caller, call, function}];
  if (scope != nullptr) return scope.get();
  const Body* body = BodyOf(function);
  if (body == nullptr) return nullptr;
  scope = std::make_unique<Scope>();
  scope->body = body;
  scope->caller = caller;
  scope->call = call;
  scope->first_arg = first_arg;
  scope->depth = caller->depth + 1;
  return scope.get();
}

std::string ValueFlow::OutputName(const Scope* scope, std::string_view group, size_t in_group,
                                  size_t number) {
  if (scope->body->function == nullptr) return number == 0 ? "" : ":" + std::to_string(number);
  return ":" + std::string(group) + ":" + std::to_string(in_group);
}

// Into the functions that `node` calls, with its input `slot` as an argument.
void ValueFlow::FollowCall(const Value& value, const Node& node, size_t slot,
                           std::vector<Value>* waiting) {
  const bool is_branch = node.op == "If" || node.op == "StatelessIf" || node.op == "Case" ||
                         node.op == "StatelessCase";
  const size_t first_arg = is_branch ? 1 : 0;
  if (slot < first_arg) return;
  std::vector<std::string_view> names;
  for (const char* attr : {"f", "body", "cond", "then_branch", "else_branch"}) {
    const std::string_view* called = node.attr(attr);
    if (called != nullptr) ReadFunctionAttr(*called, &names.emplace_back());
  }
  const std::string_view* branches = node.attr("branches");
  if (branches != nullptr) ReadFunctionListAttr(*branches, &names);
  if (functions_.count(node.op) > 0) names.push_back(node.op);  // called as an op
  for (std::string_view name : names) {
    const Scope* scope = Enter(value.scope, &node, name, first_arg);
    if (scope == nullptr) continue;
    const auto& args = scope->body->function->inputs;
    if (slot - first_arg >= args.size()) continue;
    waiting->push_back({scope, args[slot - first_arg].name, "*", value.is_whole, value.is_exact});
  }
}

// Out of a function, and into a loop's next turn.
void ValueFlow::FollowReturn(const Value& value, size_t output, std::vector<Value>* waiting) const {
  const Scope* scope = value.scope;
  if (scope->caller == nullptr) return;
  Value out = value;
  out.scope = scope->caller;
  out.node = scope->call->name;
  out.output = OutputName(out.scope, "output", output, output);
  waiting->push_back(out);
  const auto& args = scope->body->function->inputs;
  if (!IsLoop(scope->call->op) || output >= args.size()) return;
  out.scope = scope;
  out.node = args[output].name;
  out.output = "*";
  waiting->push_back(out);
}

void ValueFlow::Need(const std::vector<std::string_view>& nodes) {
  needed_.clear();
  std::vector<std::string_view> waiting = nodes;
  while (!waiting.empty()) {
    const std::string_view name = waiting.back();
    waiting.pop_back();
    const auto node = graph_scope_->body->nodes.find(name);
    if (node == graph_scope_->body->nodes.end() || !needed_.insert(name).second) continue;
    for (std::string_view input : node->second->inputs) waiting.push_back(NodeOf(input));
  }
}

void ValueFlow::FollowIn(const Value& from, const std::unordered_set<std::string_view>* needed,
                         const OnUse& on_use) {
  std::set<std::tuple<const Scope*, std::string_view, std::string>> seen;
  std::vector<Value> waiting = {from};
  while (!waiting.empty()) {
    const Value value = std::move(waiting.back());
    waiting.pop_back();
    if (!seen.emplace(value.scope, value.node, value.output).second) continue;
    const auto uses = value.scope->body->uses.find(value.node);
    if (uses == value.scope->body->uses.end()) continue;
    for (const Use& use : uses->second) {
      if (value.output != "*" && value.output != use.output) continue;
      const bool is_left_out =
          needed != nullptr && value.scope == graph_scope_ && needed->count(use.node->name) == 0;
      if (is_left_out) continue;
      if (steps_left_ == 0) return;
      --steps_left_;
      if (use.node == nullptr) {
        FollowReturn(value, use.slot, &waiting);
        continue;
      }
      on_use(value, *use.node, use.slot);
      FollowCall(value, *use.node, use.slot, &waiting);
      const Reach reach = ReachOf(use.node->op, use.slot);
      if (reach == Reach::kNowhere) continue;
      Value next{value.scope, use.node->name};
      next.is_whole = value.is_whole && reach != Reach::kElements;
      next.is_exact = value.is_exact && reach != Reach::kShape;
      if (next.is_whole || next.is_exact) waiting.push_back(std::move(next));
    }
  }
}

const Node* ValueFlow::Source(const Scope* scope, std::string_view input, const Scope** at) const {
  for (int steps = 0; steps < 1000; ++steps) {
    const std::string_view name = NodeOf(input);
    const auto found = scope->body->nodes.find(name);
    if (found != scope->body->nodes.end()) {
      const Node* node = found->second;
      if (ReachOf(node->op, 0) != Reach::kBoth || node->inputs.empty() || node->op == "Merge") {
        *at = scope;
        return node;
      }
      input = node->inputs[0];
      continue;
    }
    if (scope->caller == nullptr) return nullptr;
    const auto& args = scope->body->function->inputs;
    const auto arg = std::find_if(args.begin(), args.end(),
                                  [&](const FunctionArg& each) { return each.name == name; });
    const size_t index = static_cast<size_t>(arg - args.begin()) + scope->first_arg;
    if (arg == args.end() || index >= scope->call->data_inputs()) return nullptr;
    input = scope->call->inputs[index];
    scope = scope->caller;
  }
  return nullptr;
}

bool ValueFlow::ShapeOf(const Scope* scope, std::string_view input,
                        std::vector<int64_t>* dims) const {
  const Node* node = Source(scope, input, &scope);
  if (node != nullptr && node->op == "ReadVariableOp" && !node->inputs.empty()) {
    node = Source(scope, node->inputs[0], &scope);
  }
  if (node == nullptr) return false;
  std::string_view shape, tensor;
  if (const std::string_view* value = node->attr("value"); node->op == "Const") {
    if (value != nullptr && !ReadTensorAttr(*value, &tensor, &shape)) return false;
  }
  if (const std::string_view* attr = node->attr("shape"); shape.empty() && attr != nullptr) {
    // AttrValue: shape 7
    const bool is_read = ForEachBytes(*attr, 7, [&](std::string_view bytes) {
      shape = bytes;
      return true;
    });
    if (!is_read) return false;
  } else if (node->op != "Const") {
    return false;
  }
  dims->clear();
  return ReadDims(shape, dims);
}

}  // namespace tensorgate
