// Ops of TFLite and ONNX files for which TensorFlow has no equal; formats/*_graph.cc make them.
#include <algorithm>
#include <limits>
#include <utility>

#include "rows/operation.h"

namespace tensorgate {
namespace {

constexpr int64_t kBeyondAll = std::numeric_limits<int32_t>::max();

Values Unknown(const Operation& operation) {
  return {operation.Against("is not known to keep rows apart")};
}

// Null: the inputs from `first` on are the same in both runs, as they must be.
bool AreFixed(const Operation& operation, size_t first) {
  for (size_t i = first; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return false;
  }
  return true;
}

// All dimensions from `axis` on are worked on as a whole.
Values From(const Operation& operation) {
  const Value& value = operation.input(0);
  if (!AreFixed(operation, 1)) return NoRule(operation);
  if (value.is_fixed()) return {Value::Fixed(value.dims)};
  if (!value.is_rows()) return NoRule(operation);
  size_t axis;
  if (!operation.AxisOf(operation.Int("axis", -1), value.rank(), &axis) || axis <= value.axis) {
    return {operation.Against("works across the rows")};
  }
  return {value.WithDims(*value.dims, value.axis)};
}

// Into a matrix, whose first dimension takes those before `axis`.
Values Flatten(const Operation& operation) {
  const Value& value = operation.input(0);
  if (value.is_fixed()) return {Value::Fixed()};
  if (!value.is_rows()) return NoRule(operation);
  if (operation.Int("axis", 1) != 1 || value.axis != 0) {
    return {operation.Against("puts rows together with what is beside them")};
  }
  Size rest;
  for (size_t i = 1; i < value.rank(); ++i) rest = rest * (*value.dims)[i];
  return {value.WithDims({(*value.dims)[0], rest}, 0)};
}

// ONNX's: 0 stands for the size that this dimension had.
Values FileReshape(const Operation& operation) {
  if (operation.count() != 2) return NoRule(operation);
  Values inputs = operation.inputs();
  Value& shape = inputs[1];
  const Value& value = inputs[0];
  const bool copies = operation.Int("allowzero", 0) == 0;
  if (value.is_rows() && shape.elements) {
    std::vector<Element> elements = *shape.elements;
    for (size_t i = 0; i < elements.size(); ++i) {
      if (elements[i].kind != Element::kSize) {
        return {operation.Against("makes a shape that is not known")};
      }
      if (copies && elements[i].is_number(0) && i < value.rank()) {
        elements[i] = Element::Of((*value.dims)[i]);
      }
    }
    shape = Value::Of(std::move(elements), shape.rank() == 0);
  } else if (!value.is_rows() && shape.elements) {
    for (const Element& element : *shape.elements) {
      if (value.is_fixed() && element.is_number(0)) return {Value::Fixed()};
    }
  }
  return FindRule("Reshape")(operation.WithInputs(inputs));
}

// How many elements a slice takes of `size`.
std::vector<int64_t> Taken(int64_t start, int64_t end, int64_t step, int64_t size) {
  const auto clamped = [&](int64_t at) {
    if (at < 0) at += size;
    return step > 0 ? std::clamp<int64_t>(at, 0, size) : std::clamp<int64_t>(at, -1, size - 1);
  };
  std::vector<int64_t> taken;
  const int64_t last = clamped(end);
  for (int64_t i = clamped(start); step > 0 ? i < last : i > last; i += step) taken.push_back(i);
  return taken;
}

// ONNX's: data, starts, ends, axes, steps.
Values FileSlice(const Operation& operation) {
  const Value& value = operation.input(0);
  std::vector<int64_t> axes, steps;
  const Value& starts = operation.input(1);
  const Value& ends = operation.input(2);
  if (operation.count() != 5 || !operation.Numbers(3, &axes) || !operation.Numbers(4, &steps) ||
      !starts.elements || !ends.elements || starts.elements->size() != axes.size() ||
      ends.elements->size() != axes.size() || steps.size() != axes.size() || !value.dims) {
    return value.is_rows() ? Values{operation.Against("takes an unknown part")} : NoRule(operation);
  }
  const bool is_numbers = value.elements && value.rank() == 1;
  if (!value.is_rows() && !value.is_fixed() && !is_numbers) return NoRule(operation);
  Dims dims = *value.dims;
  for (size_t i = 0; i < axes.size(); ++i) {
    const Element& start = (*starts.elements)[i];
    const Element& end = (*ends.elements)[i];
    size_t axis;
    if (!operation.AxisOf(axes[i], value.rank(), &axis) || steps[i] == 0) return Unknown(operation);
    const Size size = dims[axis];
    if (start.is_number(0) && steps[i] == 1 && end.kind == Element::kSize &&
        (end.size == size || (end.is_number() && end.size.number() >= kBeyondAll))) {
      continue;
    }
    if (value.is_rows() && axis == value.axis) {
      return {operation.Against("takes some of the rows")};
    }
    if (start.counts_rows() || end.counts_rows()) {
      return {operation.Against("gets the number of rows")};
    }
    const bool is_known = start.is_number() && end.is_number() && size.is_number() &&
                          size.number() <= (int64_t{1} << 20) && steps[i] > -kBeyondAll &&
                          steps[i] < kBeyondAll;
    if (!is_known) {
      if (is_numbers) return Unknown(operation);
      dims[axis] = operation.Unknown(axis);
      continue;
    }
    const auto taken = Taken(start.size.number(), end.size.number(), steps[i], size.number());
    dims[axis] = static_cast<int64_t>(taken.size());
    if (!is_numbers) continue;
    if (axes.size() != 1) return Unknown(operation);
    std::vector<Element> some;
    for (const int64_t at : taken) some.push_back((*value.elements)[static_cast<size_t>(at)]);
    return {Value::Of(std::move(some), false)};
  }
  if (is_numbers) return {value};
  return {value.is_rows() ? value.WithDims(std::move(dims), value.axis)
                          : Value::Fixed(std::move(dims))};
}

// ONNX's: data, and how much before each dimension, then after each.
Values FilePad(const Operation& operation) {
  const Value& value = operation.input(0);
  std::vector<int64_t> pads;
  if (!AreFixed(operation, 1)) return NoRule(operation);
  if (value.is_fixed()) return {Value::Fixed()};
  if (!value.is_rows()) return NoRule(operation);
  if (!operation.Numbers(1, &pads) || pads.size() != 2 * value.rank()) {
    return {operation.Against("pads in an unknown way")};
  }
  Dims dims = *value.dims;
  for (size_t i = 0; i < value.rank(); ++i) {
    const int64_t before = pads[i], after = pads[i + value.rank()];
    if (before == 0 && after == 0) continue;
    if (i == value.axis) return {operation.Against("adds rows")};
    const auto is_small = [](int64_t number) { return std::abs(number) < (int64_t{1} << 40); };
    dims[i] = dims[i].is_number() && is_small(dims[i].number()) && is_small(before) &&
                      is_small(after) && dims[i].number() + before + after >= 0
                  ? Size(dims[i].number() + before + after)
                  : operation.Unknown(i);
  }
  return {value.WithDims(std::move(dims), value.axis)};
}

// Images with their channels as dimension 1; all behind these become 1.
Values GlobalPool(const Operation& operation) {
  const Value& value = operation.input(0);
  if (value.is_fixed()) return {Value::Fixed()};
  if (!value.is_rows()) return NoRule(operation);
  if (value.axis > 1) return {operation.Against("works across the rows")};
  Dims dims = *value.dims;
  for (size_t i = 2; i < dims.size(); ++i) dims[i] = 1;
  return {value.WithDims(std::move(dims), value.axis)};
}

Values ReduceAll(const Operation& operation) {
  return operation.input(0).is_rows() ? Values{operation.Against("reduces over the rows")}
                                      : NoRule(operation);
}

// ONNX's: data, and a shape that it is broadcast with.
Values Expand(const Operation& operation) {
  const Value& value = operation.input(0);
  const Value& shape = operation.input(1);
  if (operation.count() != 2) return NoRule(operation);
  if (value.is_fixed() && shape.is_fixed() && (!value.dims || !shape.elements)) {
    return {Value::Fixed()};
  }
  if (!value.dims || !shape.elements || !(value.is_rows() || value.is_fixed())) {
    return {operation.Against("makes a shape that is not known")};
  }
  // As TensorFlow says it, where a size of 1 leaves what is there.
  Values inputs = operation.inputs();
  std::vector<Element> wanted = *shape.elements;
  if (wanted.size() < value.rank()) {
    wanted.insert(wanted.begin(), value.rank() - wanted.size(), Element::Of(1));
  }
  const size_t missing = wanted.size() - value.rank();
  for (size_t i = missing; i < wanted.size(); ++i) {
    const Size& size = (*value.dims)[i - missing];
    if (wanted[i].is_number(1)) wanted[i] = Element::Of(size);
    const bool is_known = wanted[i].kind == Element::kSize &&
                          (size.is_number(1) || wanted[i].is_number() || wanted[i].size == size);
    if (!is_known) return {operation.Against("makes a shape that is not known")};
  }
  inputs[1] = Value::Of(std::move(wanted), false);
  return FindRule("BroadcastTo")(operation.WithInputs(inputs));
}

}  // namespace

const Rules& FileRules() {
  static const Rules rules = {
      {"file.Expand", &Expand},         {"file.Flatten", &Flatten}, {"file.From", &From},
      {"file.GlobalPool", &GlobalPool}, {"file.Pad", &FilePad},     {"file.ReduceAll", &ReduceAll},
      {"file.Reshape", &FileReshape},   {"file.Slice", &FileSlice}, {"file.Unknown", &Unknown},
  };
  return rules;
}

}  // namespace tensorgate
