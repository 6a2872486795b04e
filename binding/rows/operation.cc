#include "rows/operation.h"

#include <unordered_map>

#include "graph/attr_value.h"

namespace tensorgate {

const Value& Operation::input(size_t i) const {
  static const Value missing = Value::Of(Obstacle{"", "", "lacks an input"});
  return i < inputs_.size() ? inputs_[i] : missing;
}

int64_t Operation::Int(std::string_view name, int64_t otherwise) const {
  const std::string_view* attr = node_.attr(name);
  int64_t value = otherwise;
  return attr != nullptr && ReadIntAttr(*attr, &value) ? value : otherwise;
}

bool Operation::Bool(std::string_view name, bool otherwise) const {
  const std::string_view* attr = node_.attr(name);
  bool value = otherwise;
  return attr != nullptr && ReadBoolAttr(*attr, &value) ? value : otherwise;
}

std::string_view Operation::Text(std::string_view name) const {
  const std::string_view* attr = node_.attr(name);
  std::string_view text;
  return attr != nullptr && ReadStringAttr(*attr, &text) ? text : std::string_view();
}

std::vector<int64_t> Operation::Ints(std::string_view name) const {
  const std::string_view* attr = node_.attr(name);
  std::vector<int64_t> values;
  if (attr == nullptr || !ReadIntListAttr(*attr, &values)) values.clear();
  return values;
}

Value Operation::Against(std::string reason) const {
  return Value::Of(Obstacle{std::string(node_.name), std::string(node_.op), std::move(reason)});
}

bool Operation::Numbers(size_t input, std::vector<int64_t>* numbers) const {
  if (input >= count() || !inputs_[input].elements) return false;
  numbers->clear();
  for (const Element& element : *inputs_[input].elements) {
    if (!element.is_number()) return false;
    numbers->push_back(element.size.number());
  }
  return true;
}

bool Operation::Number(size_t input, int64_t* number) const {
  std::vector<int64_t> numbers;
  if (!Numbers(input, &numbers) || numbers.size() != 1) return false;
  *number = numbers[0];
  return true;
}

bool Operation::AxisOf(int64_t number, size_t rank, size_t* axis) const {
  const int64_t signed_rank = static_cast<int64_t>(rank);
  if (number < 0) number += signed_rank;
  if (number < 0 || number >= signed_rank) return false;
  *axis = static_cast<size_t>(number);
  return true;
}

bool Operation::Axis(size_t input, size_t rank, size_t* axis) const {
  int64_t number;
  return Number(input, &number) && AxisOf(number, rank, axis);
}

Rule FindRule(std::string_view op) {
  static const std::unordered_map<std::string_view, Rule> rules = [] {
    std::unordered_map<std::string_view, Rule> all;
    for (const Rules* each : {&ElementwiseRules(), &ShapeRules(), &LayoutRules(), &SliceRules(),
                              &JoinRules(), &ProductRules(), &ImageRules(), &ReductionRules(),
                              &GatherRules(), &ExampleRules(), &FileRules(), &ListRules()}) {
      all.insert(each->begin(), each->end());
    }
    return all;
  }();
  const auto found = rules.find(op);
  return found == rules.end() ? nullptr : found->second;
}

// What depends on nothing of the rows gives what depends on nothing of them.
Values NoRule(const Operation& operation) {
  for (const Value& input : operation.inputs()) {
    if (input.kind == Value::kCount) return {operation.Against("gets the number of rows")};
  }
  for (const Value& input : operation.inputs()) {
    switch (input.kind) {
      case Value::kFixed:
        continue;
      case Value::kRowNumber:
      case Value::kNextRow:
      case Value::kHasRow:
        return {operation.Against("gets the number of a row")};
      default:
        return {operation.Against("is not known to keep rows apart")};
    }
  }
  return {Value::Fixed()};
}

}  // namespace tensorgate
