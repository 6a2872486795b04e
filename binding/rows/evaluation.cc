#include "rows/evaluation.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "graph/attr_value.h"

namespace tensorgate {

struct Evaluation::Frame {
  const Body* body;
  const std::map<std::string_view, Value>* arguments;  // null: the graph
  uint32_t scope;
  std::unordered_map<const Node*, Values> known;
  std::unordered_set<const Node*> begun;
};

namespace {

constexpr int kMaxDepth = 64;
// Nodes, as often as they are looked at: loops are until nothing new comes of it.
constexpr size_t kMaxSteps = 1'000'000;

bool IsOfRowLoop(const Value& value) {
  return value.kind >= Value::kRowNumber && value.kind <= Value::kOneRow;
}

bool DependsOnOneRow(const Values& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [](const Value& input) {
    return input.is_fixed() || input.kind == Value::kOneRow;
  });
}

// An obstacle further on. That it is a single number is told of what is computed from single
// numbers.
Value Passed(const Operation& operation, const Value& obstacle) {
  Value passed = Value::OfKind(Value::kObstacle);
  passed.obstacle = obstacle.obstacle;
  const bool is_scalar =
      (operation.op() == "AddV2" || operation.op() == "Mul" || operation.op() == "Cast") &&
      std::all_of(operation.inputs().begin(), operation.inputs().end(),
                  [](const Value& input) { return input.dims && input.rank() == 0; });
  if (is_scalar) passed.dims.emplace();
  return passed;
}

// A number that has a lower bound is known where something cuts it off there, wherever it comes
// from: so is the number of bins that is asked for by a minimum and a maximum.
std::optional<Value> Bounded(const Operation& operation) {
  const std::string_view op = operation.op();
  if (op == "Cast" && operation.count() == 1 && operation.input(0).at_least) {
    const std::string_view* attr = operation.node().attr("DstT");
    DataType type = DataType::kInvalid;
    const bool is_wide = attr != nullptr && ReadTypeAttr(*attr, &type) && type == DataType::kInt64;
    return is_wide ? std::optional<Value>(operation.input(0)) : std::nullopt;
  }
  if (operation.count() != 2 || (op != "Maximum" && op != "Minimum")) return std::nullopt;
  for (size_t i : {0, 1}) {
    const Element* bound = operation.input(i).scalar();
    const Value& other = operation.input(1 - i);
    if (bound == nullptr || !bound->is_number() || other.kind != Value::kObstacle || !other.dims) {
      continue;
    }
    if (op == "Minimum") {
      if (!other.at_least || *other.at_least < bound->size.number()) continue;
      return Value::Of({*bound}, true);
    }
    Value raised = other;
    raised.at_least = bound->size.number();
    return raised;
  }
  return std::nullopt;
}

// What depends on nothing has the shape that it is known to have.
Values WithKnownDims(const Node& node, Values values) {
  const std::string_view* attr = node.attr(kKnownShapes);
  std::vector<std::string_view> shapes;
  if (attr == nullptr || !ReadShapeListAttr(*attr, &shapes)) return values;
  while (values.size() < shapes.size()) values.push_back(values.back());
  for (size_t i = 0; i < shapes.size(); ++i) {
    std::vector<int64_t> sizes;
    if (!values[i].is_fixed() || values[i].dims || !ReadShape(shapes[i], &sizes)) continue;
    values[i].dims.emplace(sizes.begin(), sizes.end());
  }
  return values;
}

// In a loop over the rows. Whatever an op does with one row, no other row has part in it.
Values ApplyInRowLoop(const Operation& operation) {
  const Values& inputs = operation.inputs();
  const std::string_view op = operation.op();
  if (DependsOnOneRow(inputs)) return {Value::OfKind(Value::kOneRow)};
  if (inputs.size() == 2) {
    const Value& a = inputs[0];
    const Value& b = inputs[1];
    const bool is_sum = op == "AddV2" || op == "Add";
    if (is_sum && ((a.kind == Value::kRowNumber && b.is_number(1)) ||
                   (b.kind == Value::kRowNumber && a.is_number(1)))) {
      return {Value::OfKind(Value::kNextRow)};
    }
    if (op == "Less" && a.kind == Value::kRowNumber && b.is_row_count())
      return {Value::OfKind(Value::kHasRow)};
    if (op == "LogicalAnd" && a.kind == Value::kHasRow && b.kind == Value::kHasRow) return {a};
  }
  const bool may_be_ruled = op == "Cast" || op.substr(0, 10) == "TensorList";
  const Rule rule = may_be_ruled ? FindRule(op) : nullptr;
  return rule == nullptr ? NoRule(operation) : rule(operation);
}

}  // namespace

Evaluation::Evaluation(const GraphDef& graph, const FindOp& find_op,
                       std::map<std::string, Value> inputs)
    : find_op_(find_op), inputs_(std::move(inputs)) {
  for (const Function& function : graph.functions) functions_.emplace(function.name, &function);
  Body& body = bodies_[nullptr];
  for (const Node& node : graph.nodes) body.emplace(node.name, &node);
  graph_frame_ = std::make_unique<Frame>();
  graph_frame_->body = &body;
  graph_frame_->arguments = nullptr;
  graph_frame_->scope = 0;
}

Evaluation::~Evaluation() = default;

Value Evaluation::Of(const std::string& tensor) {
  Frame* frame = graph_frame_.get();
  const Tensor parsed = Parse(*frame, tensor);
  if (parsed.node != nullptr && Fed(*frame, parsed.ref) == nullptr) Evaluate(*parsed.node, frame);
  return Find(*frame, tensor);
}

Evaluation::Tensor Evaluation::Parse(const Frame& frame, std::string_view name) {
  const TensorRef ref = ParseTensorRef(name, frame.arguments != nullptr);
  if (ref.is_argument) return {ref, nullptr};
  const auto found = frame.body->find(ref.node);
  return {ref, found == frame.body->end() ? nullptr : found->second};
}

// The value that an input of the signature is given; null where the tensor is not one.
const Value* Evaluation::Fed(const Frame& frame, const TensorRef& ref) const {
  if (frame.arguments != nullptr) return nullptr;
  const auto fed = inputs_.find(std::string(ref.node) + ":" + std::to_string(ref.index));
  return fed == inputs_.end() ? nullptr : &fed->second;
}

// Which output of the node it is; false where the op's outputs are not known.
bool Evaluation::IndexOf(const Tensor& tensor, size_t* index) {
  *index = static_cast<size_t>(tensor.ref.index);
  if (tensor.ref.output.empty()) return true;
  const auto function = functions_.find(tensor.node->op);
  if (function != functions_.end()) {
    const std::vector<FunctionArg>& outputs = function->second->outputs;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].name != tensor.ref.output) continue;
      *index = i;
      return true;
    }
    return false;
  }
  const auto [op, is_new] = ops_.emplace(tensor.node->op, std::vector<OpOutput>());
  if (is_new && !find_op_(tensor.node->op, &op->second)) op->second.clear();
  size_t before = 0;
  for (const OpOutput& output : op->second) {
    if (output.name == tensor.ref.output) {
      *index += before;
      return true;
    }
    size_t count = 1;
    if (!output.number_attr.empty() || !output.type_list_attr.empty()) {
      const bool is_number = !output.number_attr.empty();
      const std::string_view* attr =
          tensor.node->attr(is_number ? output.number_attr : output.type_list_attr);
      int64_t number = 0;
      std::vector<DataType> types;
      if (attr == nullptr) return false;
      if (is_number ? !ReadIntAttr(*attr, &number) || number < 0
                    : !ReadTypeListAttr(*attr, &types)) {
        return false;
      }
      count = is_number ? static_cast<size_t>(number) : types.size();
    }
    before += count;
  }
  return false;
}

Value Evaluation::Find(const Frame& frame, std::string_view name) {
  const auto missing = [&](const char* reason) {
    return Value::Of(Obstacle{std::string(name), "", reason});
  };
  const Tensor tensor = Parse(frame, name);
  if (tensor.ref.is_argument) {
    const auto found = frame.arguments->find(tensor.ref.node);
    return found == frame.arguments->end() ? missing("is not in the function") : found->second;
  }
  if (const Value* fed = Fed(frame, tensor.ref)) return *fed;
  if (tensor.node == nullptr) return missing("is not in the graph");
  const auto known = frame.known.find(tensor.node);
  if (known == frame.known.end()) {
    return Value::Of(Obstacle{std::string(tensor.node->name), std::string(tensor.node->op),
                              "is part of a loop as TensorFlow 1 had them"});
  }
  size_t index;
  if (!IndexOf(tensor, &index)) {
    return Value::Of(Obstacle{std::string(tensor.node->name), std::string(tensor.node->op),
                              "has outputs that are not known"});
  }
  const Values& values = known->second;
  return index < values.size() ? values[index] : values.back();
}

// A stack of our own: graphs are deeper than a thread's.
void Evaluation::Evaluate(const Node& node, Frame* frame) {
  std::vector<const Node*> stack{&node};
  while (!stack.empty()) {
    const Node& top = *stack.back();
    if (frame->known.count(&top) > 0) {
      stack.pop_back();
      continue;
    }
    if (frame->begun.insert(&top).second) {
      for (size_t i = 0; i < top.data_inputs(); ++i) {
        const Tensor input = Parse(*frame, top.inputs[i]);
        if (input.node == nullptr || Fed(*frame, input.ref) != nullptr) continue;
        if (frame->begun.count(input.node) == 0) stack.push_back(input.node);
      }
      continue;
    }
    Values values = Apply(top, *frame);
    frame->known.emplace(&top, std::move(values));
    stack.pop_back();
  }
}

Values Evaluation::Apply(const Node& node, const Frame& frame) {
  Values inputs;
  for (size_t i = 0; i < node.data_inputs(); ++i) inputs.push_back(Find(frame, node.inputs[i]));
  const Operation operation(node, inputs, frame.scope, &symbols_);
  if (++steps_ > kMaxSteps) return {operation.Against("comes too late in too large a graph")};
  if (node.op == "Identity" || node.op == "IdentityN") {
    return inputs.empty() ? NoRule(operation) : inputs;
  }
  const bool is_in_row_loop = std::any_of(inputs.begin(), inputs.end(), &IsOfRowLoop);
  const Follow follow =
      functions_.count(node.op) > 0 ? FindFollow("PartitionedCall") : FindFollow(node.op);
  if (follow != nullptr) {
    if (is_in_row_loop && DependsOnOneRow(inputs)) return {Value::OfKind(Value::kOneRow)};
    Values values = follow(operation, this);
    return values.empty() ? Values{operation.Against("gives nothing")} : values;
  }
  if (auto bounded = Bounded(operation)) return {*bounded};
  for (const Value& input : inputs) {
    if (input.kind == Value::kObstacle) return {Passed(operation, input)};
    if (input.kind == Value::kNothing) return {operation.Against("reads what was not written")};
  }
  const Rule rule = FindRule(node.op);
  Values values = is_in_row_loop    ? ApplyInRowLoop(operation)
                  : rule == nullptr ? NoRule(operation)
                                    : rule(operation);
  if (values.empty()) return {operation.Against("gives nothing")};
  // A list that is written to is still that list.
  const uint32_t argument =
      node.op == "TensorListSetItem" && !inputs.empty() ? inputs[0].argument : 0;
  for (Value& value : values) value.argument = argument;
  return WithKnownDims(node, std::move(values));
}

Values Evaluation::Call(const Operation& caller, size_t which, std::string_view name,
                        const Values& arguments) {
  const auto found = functions_.find(name);
  if (found == functions_.end() || found->second->inputs.size() != arguments.size()) {
    return {caller.Against("calls a function that is not there")};
  }
  if (depth_ >= kMaxDepth) return {caller.Against("calls functions too deep")};
  const Function& function = *found->second;
  const auto [body, is_new] = bodies_.emplace(&function, Body());
  if (is_new) {
    for (const Node& node : function.nodes) body->second.emplace(node.name, &node);
  }
  std::map<std::string_view, Value> by_name;
  for (size_t i = 0; i < arguments.size(); ++i)
    by_name.emplace(function.inputs[i].name, arguments[i]);
  const auto scope = std::make_tuple(caller.scope(), &caller.node(), which);
  Frame frame{&body->second,
              &by_name,
              scopes_.emplace(scope, static_cast<uint32_t>(scopes_.size() + 1)).first->second,
              {},
              {}};
  ++depth_;
  Values values;
  for (const FunctionArg& output : function.outputs) {
    const auto returned =
        std::find_if(function.returns.begin(), function.returns.end(),
                     [&](const auto& entry) { return entry.first == output.name; });
    if (returned == function.returns.end()) {
      values.push_back(caller.Against("calls a function that does not return"));
      continue;
    }
    const Tensor tensor = Parse(frame, returned->second);
    if (tensor.node != nullptr) Evaluate(*tensor.node, &frame);
    values.push_back(Find(frame, returned->second));
  }
  --depth_;
  return values;
}

}  // namespace tensorgate
