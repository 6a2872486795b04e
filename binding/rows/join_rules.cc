// Ops that make one tensor of several, or pass several on.
#include <utility>

#include "rows/join.h"
#include "rows/operation.h"

namespace tensorgate {
namespace {

// Whether all have the rows in the same place. `first` is one of them.
bool HaveSameRows(const std::vector<const Value*>& values, const Value& first) {
  for (const Value* value : values) {
    if (!value->is_rows() || value->rank() != first.rank() || value->axis != first.axis ||
        !value->HasSameRowsAs(first)) {
      return false;
    }
  }
  return true;
}

bool AllAreOf(const std::vector<const Value*>& values, Value::Kind kind) {
  for (const Value* value : values) {
    if (value->kind != kind) return false;
  }
  return true;
}

// Of numbers; nothing where some tensor is none of numbers.
Values JoinedElements(const std::vector<const Value*>& values, size_t rank) {
  std::vector<Element> elements;
  for (const Value* value : values) {
    if (!value->dims || value->rank() != rank) return {};
    if (value->elements) {
      elements.insert(elements.end(), value->elements->begin(), value->elements->end());
    } else if (rank == 0 && value->is_fixed()) {
      elements.push_back(Element::Fixed());
    } else if (rank == 0 && value->kind == Value::kCount) {
      elements.push_back(Element::Count());
    } else {
      return {};
    }
  }
  return {Value::Of(std::move(elements), false)};
}

std::vector<const Value*> Pointers(const Operation& operation, size_t begin, size_t end) {
  std::vector<const Value*> values;
  for (size_t i = begin; i < end; ++i) values.push_back(&operation.input(i));
  return values;
}

Values Pack(const Operation& operation) {
  const auto values = Pointers(operation, 0, operation.count());
  if (values.empty()) return NoRule(operation);
  if (operation.Int("axis", 0) == 0) {
    Values joined = JoinedElements(values, 0);
    if (!joined.empty()) return joined;
  }
  const Value& first = *values[0];
  if (AllAreOf(values, Value::kFixed)) {
    size_t axis;
    if (!first.dims || !operation.AxisOf(operation.Int("axis", 0), first.rank() + 1, &axis))
      return {Value::Fixed()};
    Dims dims = *first.dims;
    dims.insert(dims.begin() + static_cast<ptrdiff_t>(axis), static_cast<int64_t>(values.size()));
    return {Value::Fixed(std::move(dims))};
  }
  if (!first.is_rows() || !HaveSameRows(values, first)) {
    return {operation.Against("stacks rows and what has none")};
  }
  size_t axis;
  if (!operation.AxisOf(operation.Int("axis", 0), first.rank() + 1, &axis)) {
    return {operation.Against("stacks along an unknown axis")};
  }
  Dims dims = *first.dims;
  dims.insert(dims.begin() + static_cast<ptrdiff_t>(axis), static_cast<int64_t>(values.size()));
  return {first.WithDims(std::move(dims), first.axis + (axis <= first.axis ? 1 : 0))};
}

Values JoinAlong(const Operation& operation, const std::vector<const Value*>& values,
                 size_t axis_input) {
  if (values.empty() || !operation.input(axis_input).is_fixed()) return NoRule(operation);
  const Value& first = *values[0];
  size_t axis;
  if (first.elements) {
    Values joined = JoinedElements(values, 1);
    if (!joined.empty() && operation.Axis(axis_input, 1, &axis)) return joined;
  }
  if (AllAreOf(values, Value::kFixed)) {
    Value joined = Value::Fixed(first.dims);
    if (first.dims && operation.Axis(axis_input, first.rank(), &axis)) {
      int64_t sum = 0;
      bool is_known = true;
      for (const Value* value : values) {
        is_known = is_known && value->dims && value->rank() == first.rank() &&
                   (*value->dims)[axis].is_number() &&
                   !__builtin_add_overflow(sum, (*value->dims)[axis].number(), &sum);
      }
      (*joined.dims)[axis] = is_known ? Size(sum) : operation.Unknown(0);
    } else {
      joined.dims.reset();
    }
    return {std::move(joined)};
  }
  if (!HaveSameRows(values, first)) return {operation.Against("joins rows and what has none")};
  if (!operation.Axis(axis_input, first.rank(), &axis)) {
    return {operation.Against("joins along an unknown axis")};
  }
  if (axis == first.axis) return {operation.Against("adds rows")};
  Dims dims = *first.dims;
  int64_t sum = 0;
  for (const Value* value : values) {
    const Size& dim = (*value->dims)[axis];
    if (sum >= 0 && (!dim.is_number() || __builtin_add_overflow(sum, dim.number(), &sum))) sum = -1;
  }
  dims[axis] = sum >= 0 ? Size(sum) : operation.Unknown(0);
  return {first.WithDims(std::move(dims), first.axis)};
}

Values ConcatV2(const Operation& operation) {
  if (operation.count() < 2) return NoRule(operation);
  return JoinAlong(operation, Pointers(operation, 0, operation.count() - 1), operation.count() - 1);
}

Values Concat(const Operation& operation) {
  if (operation.count() < 2) return NoRule(operation);
  return JoinAlong(operation, Pointers(operation, 1, operation.count()), 0);
}

Values IdentityN(const Operation& operation) { return operation.inputs(); }

// One of its outputs is dead; what becomes of the other does not depend on the rows.
Values Switch(const Operation& operation) {
  if (operation.count() != 2 || !operation.input(1).is_fixed())
    return {operation.Against("branches by what a row holds")};
  return {operation.input(0), operation.input(0)};
}

// One of the branches, and which.
Values Merge(const Operation& operation) {
  Value merged = Value::OfKind(Value::kNothing);
  for (const Value& input : operation.inputs()) merged = Join(operation, 0, merged, input);
  return {std::move(merged), Value::Fixed(Dims())};
}

}  // namespace

const Rules& JoinRules() {
  static const Rules rules = {{"Concat", &Concat},       {"ConcatV2", &ConcatV2},
                              {"IdentityN", &IdentityN}, {"Merge", &Merge},
                              {"Pack", &Pack},           {"Switch", &Switch}};
  return rules;
}

}  // namespace tensorgate
