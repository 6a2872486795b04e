// Calls of functions, branches and loops: what becomes of rows in the bodies that they call.
#include <string>
#include <utility>

#include "graph/attr_value.h"
#include "rows/evaluation.h"
#include "rows/join.h"

namespace tensorgate {
namespace {

// What is known of a loop's variables settles in fewer passes: sizes become symbols, numbers
// unknown.
constexpr int kMaxPasses = 16;

std::string_view FunctionIn(const Operation& operation, std::string_view name) {
  const std::string_view* attr = operation.node().attr(name);
  std::string_view function;
  return attr != nullptr && ReadFunctionAttr(*attr, &function) ? function : std::string_view();
}

Values Rest(const Values& inputs, size_t begin) {
  return Values(inputs.begin() + static_cast<ptrdiff_t>(begin), inputs.end());
}

Values Untagged(Values values) {
  for (Value& value : values) value.argument = 0;
  return values;
}

Values FollowFunction(const Operation& operation, Evaluation* evaluation) {
  const std::string_view* attr = operation.node().attr("f");
  std::string_view function = operation.op();  // called by its name
  if (attr != nullptr) ReadFunctionAttr(*attr, &function);
  return evaluation->Call(operation, 0, function, operation.inputs());
}

// Which branch is taken must be the same in both runs.
Values FollowBranches(const Operation& operation, const std::vector<std::string_view>& branches,
                      Evaluation* evaluation) {
  if (operation.count() == 0) return NoRule(operation);
  const Value& chosen = operation.input(0);
  if (chosen.kind == Value::kObstacle) return {chosen};
  if (!chosen.is_fixed()) {
    return {operation.Against(chosen.kind == Value::kCount ? "branches by the number of rows"
                                                           : "branches by what the rows hold")};
  }
  Values joined;
  for (size_t which = 0; which < branches.size(); ++which) {
    const Values values =
        evaluation->Call(operation, which, branches[which], Rest(operation.inputs(), 1));
    if (which == 0) {
      joined = values;
      continue;
    }
    for (size_t i = 0; i < joined.size(); ++i) {
      joined[i] = Join(operation, i, joined[i], i < values.size() ? values[i] : values.back());
    }
  }
  return Untagged(std::move(joined));
}

Values FollowIf(const Operation& operation, Evaluation* evaluation) {
  return FollowBranches(
      operation, {FunctionIn(operation, "then_branch"), FunctionIn(operation, "else_branch")},
      evaluation);
}

Values FollowCase(const Operation& operation, Evaluation* evaluation) {
  const std::string_view* attr = operation.node().attr("branches");
  std::vector<std::string_view> branches;
  if (attr == nullptr || !ReadFunctionListAttr(*attr, &branches)) branches.clear();
  return FollowBranches(operation, branches, evaluation);
}

// A loop as its variables are before each pass.
struct Loop {
  const Operation& operation;
  std::string_view condition, body;
  Evaluation* evaluation;

  Value Condition(const Values& variables) const {
    const Values values = evaluation->Call(operation, 0, condition, variables);
    return values.empty() ? operation.Against("has no condition") : values[0];
  }
  Values Body(const Values& variables) const {
    Values values = evaluation->Call(operation, 1, body, variables);
    if (values.size() < variables.size()) {
      const Value last = values.empty() ? operation.Against("has no body") : values.back();
      values.resize(variables.size(), last);
    }
    return values;
  }
};

// The same number of passes in both runs. False: `*variables` does not settle.
bool Settle(const Loop& loop, Values* variables) {
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    const Values after = loop.Body(*variables);
    bool is_settled = true;
    for (size_t i = 0; i < variables->size(); ++i) {
      Value joined = Join(loop.operation, i, (*variables)[i], after[i]);
      joined.argument = 0;
      if (IsSame(joined, (*variables)[i])) continue;
      (*variables)[i] = std::move(joined);
      is_settled = false;
    }
    if (is_settled) return true;
  }
  return false;
}

Value Carries(const Loop& loop, const Value& after) {
  return after.kind == Value::kObstacle
             ? Value::Of(*after.obstacle)
             : loop.operation.Against("carries something from row to row");
}

// A pass for each row, in their order: some variables number the rows, lists have an element for
// each, and nothing else changes.
bool SettleRowLoop(const Loop& loop, const Values& inputs, Values* settled) {
  std::vector<bool> numbers_rows(inputs.size());
  Values variables = inputs;
  bool has_list = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    variables[i].argument = static_cast<uint32_t>(i + 1);
    has_list |= inputs[i].kind == Value::kList && inputs[i].list->is_of_rows;
    if (!inputs[i].is_number(0)) continue;
    numbers_rows[i] = true;
    variables[i] = Value::OfKind(Value::kRowNumber);
  }
  if (!has_list) return false;
  bool is_settled = false;
  for (int pass = 0; pass < kMaxPasses && !is_settled; ++pass) {
    const Values after = loop.Body(variables);
    is_settled = true;
    for (size_t i = 0; i < variables.size(); ++i) {
      if (numbers_rows[i]) {
        if (after[i].kind == Value::kNextRow) continue;
        numbers_rows[i] = false;
        variables[i] = inputs[i];
        variables[i].argument = static_cast<uint32_t>(i + 1);
        is_settled = false;
      } else if (variables[i].kind == Value::kList && variables[i].list->is_of_rows) {
        // Lists that change places with each pass would have a row's place decide.
        Value joined = after[i].argument == variables[i].argument
                           ? Join(loop.operation, i, variables[i], after[i])
                           : Carries(loop, after[i]);
        joined.argument = variables[i].argument;
        if (IsSame(joined, variables[i])) continue;
        variables[i] = std::move(joined);
        is_settled = false;
      } else if (variables[i].kind != Value::kObstacle &&
                 after[i].argument != variables[i].argument) {
        variables[i] = Carries(loop, after[i]);
        is_settled = false;
      }
    }
  }
  if (!is_settled || loop.Condition(variables).kind != Value::kHasRow) return false;
  for (size_t i = 0; i < variables.size(); ++i) {
    if (numbers_rows[i]) variables[i] = Value::Of({Element::Of(Size::Rows())}, true);
  }
  *settled = Untagged(std::move(variables));
  return true;
}

Values FollowWhile(const Operation& operation, Evaluation* evaluation) {
  const Loop loop{operation, FunctionIn(operation, "cond"), FunctionIn(operation, "body"),
                  evaluation};
  Values variables = Untagged(operation.inputs());
  if (SettleRowLoop(loop, operation.inputs(), &variables)) return variables;
  if (!Settle(loop, &variables)) return {operation.Against("is a loop that is not understood")};
  const Value condition = loop.Condition(variables);
  if (condition.kind == Value::kObstacle) return {condition};
  if (!condition.is_fixed()) {
    return {operation.Against(condition.kind == Value::kCount ? "loops by the number of rows"
                                                              : "loops by what the rows hold")};
  }
  return variables;
}

}  // namespace

Follow FindFollow(std::string_view op) {
  if (op == "PartitionedCall" || op == "StatefulPartitionedCall") return &FollowFunction;
  if (op == "If" || op == "StatelessIf") return &FollowIf;
  if (op == "Case" || op == "StatelessCase") return &FollowCase;
  if (op == "While" || op == "StatelessWhile") return &FollowWhile;
  return nullptr;
}

}  // namespace tensorgate
