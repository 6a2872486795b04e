// Ops that make one number of several along some dimensions, or look for the best there.
#include <algorithm>
#include <utility>

#include "rows/operation.h"

namespace tensorgate {
namespace {

// Of a vector of numbers.
std::optional<Element> Reduced(std::string_view op, const std::vector<Element>& elements) {
  if (op == "Prod") {
    Size product;
    for (const Element& element : elements) {
      if (element.kind != Element::kSize) return std::nullopt;
      product = product * element.size;
    }
    return Element::Of(product);
  }
  if (op == "Sum" && elements.size() == 1) return elements[0];
  return std::nullopt;
}

// input, reduction_indices
Values Reduce(const Operation& operation) {
  if (operation.count() != 2 || !operation.input(1).is_fixed()) return NoRule(operation);
  const Value& value = operation.input(0);
  const bool keeps = operation.Bool("keep_dims", false);
  std::vector<int64_t> given;
  const bool has_axes = operation.Numbers(1, &given);
  if (value.elements && value.rank() == 1 && has_axes && given.size() == 1 && !keeps) {
    if (auto reduced = Reduced(operation.op(), *value.elements))
      return {Value::Of({*reduced}, true)};
  }
  if (value.kind == Value::kCount && has_axes) {
    Value count = Value::OfKind(Value::kCount);
    return {std::move(count)};
  }
  if (!value.is_rows()) {
    if (!value.is_fixed() || !value.dims || !has_axes) return NoRule(operation);
  } else if (!has_axes) {
    return {operation.Against("reduces along unknown axes")};
  }
  std::vector<bool> is_reduced(value.rank());
  for (int64_t number : given) {
    size_t axis;
    if (!operation.AxisOf(number, value.rank(), &axis)) {
      return {operation.Against("reduces along an axis that is not there")};
    }
    is_reduced[axis] = true;
  }
  if (value.is_rows() && is_reduced[value.axis]) {
    Value against = operation.Against("reduces over the rows");
    const bool is_total =
        std::all_of(is_reduced.begin(), is_reduced.end(), [](bool is) { return is; });
    if (is_total && !keeps) against.dims.emplace();
    return {std::move(against)};
  }
  Dims dims;
  size_t new_axis = 0;
  for (size_t i = 0; i < value.rank(); ++i) {
    if (i == value.axis) new_axis = dims.size();
    if (!is_reduced[i])
      dims.push_back((*value.dims)[i]);
    else if (keeps)
      dims.emplace_back(1);
  }
  return {value.is_rows() ? value.WithDims(std::move(dims), new_axis)
                          : Value::Fixed(std::move(dims))};
}

// input, dimension
Values Best(const Operation& operation) {
  const Value& value = operation.input(0);
  size_t axis;
  if (operation.count() != 2 || !operation.input(1).is_fixed() || !value.is_rows()) {
    return NoRule(operation);
  }
  if (!operation.Axis(1, value.rank(), &axis)) {
    return {operation.Against("looks along an unknown axis")};
  }
  if (axis == value.axis) return {operation.Against("looks across the rows")};
  Dims dims = *value.dims;
  dims.erase(dims.begin() + static_cast<ptrdiff_t>(axis));
  return {value.WithDims(std::move(dims), value.axis - (axis < value.axis ? 1 : 0))};
}

// The innermost dimension becomes another; `k` is an input or an attribute.
Values Top(const Operation& operation) {
  const Value& value = operation.input(0);
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  if (!value.is_rows()) return NoRule(operation);
  if (value.axis + 1 == value.rank()) return {operation.Against("looks across the rows")};
  Dims dims = *value.dims;
  dims.back() = operation.Unknown(0);
  if (const Element* k = operation.count() == 2 ? operation.input(1).scalar() : nullptr) {
    dims.back() = operation.DimOf(*k, 0);
  } else if (operation.Int("k", -1) >= 0) {
    dims.back() = operation.Int("k", 0);
  }
  return {value.WithDims(std::move(dims), value.axis)};
}

// indices, depth, on_value, off_value
Values OneHot(const Operation& operation) {
  if (operation.count() != 4) return NoRule(operation);
  const Value& value = operation.input(0);
  for (size_t i = 1; i < 4; ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  if (!value.is_rows() && !(value.is_fixed() && value.dims)) return NoRule(operation);
  size_t axis;
  if (!operation.AxisOf(operation.Int("axis", -1), value.rank() + 1, &axis)) {
    return {operation.Against("adds a dimension in an unknown place")};
  }
  Dims dims = *value.dims;
  const Element* depth = operation.input(1).scalar();
  dims.insert(dims.begin() + static_cast<ptrdiff_t>(axis),
              depth == nullptr ? operation.Unknown(0) : operation.DimOf(*depth, 0));
  if (value.is_fixed()) return {Value::Fixed(std::move(dims))};
  return {value.WithDims(std::move(dims), value.axis + (axis <= value.axis ? 1 : 0))};
}

// input [rows, n], size, weights of the input's shape or none
Values CountBins(const Operation& operation) {
  if (operation.count() != 3 || !operation.input(1).is_fixed()) return NoRule(operation);
  const Value& value = operation.input(0);
  const Value& weights = operation.input(2);
  if (!value.is_rows()) return NoRule(operation);
  if (value.rank() != 2 || value.axis != 0) return {operation.Against("counts across the rows")};
  if (weights.is_rows() ? weights.rank() != 2 || weights.axis != 0 || !weights.HasSameRowsAs(value)
                        : !weights.is_fixed() || !weights.dims || weights.rank() != 1 ||
                              !(*weights.dims)[0].is_number(0)) {
    return {operation.Against("weighs rows by their place")};
  }
  const Element* size = operation.input(1).scalar();
  return {value.WithDims(
      {(*value.dims)[0], size == nullptr ? operation.Unknown(1) : operation.DimOf(*size, 1)}, 0)};
}

// input, seq_lengths
Values ReverseSequence(const Operation& operation) {
  if (operation.count() != 2) return NoRule(operation);
  const Value& value = operation.input(0);
  const Value& lengths = operation.input(1);
  if (!value.is_rows() || !lengths.is_rows()) return NoRule(operation);
  size_t batch, sequence;
  if (!operation.AxisOf(operation.Int("batch_dim", 0), value.rank(), &batch) ||
      !operation.AxisOf(operation.Int("seq_dim", 0), value.rank(), &sequence) ||
      batch != value.axis || sequence == value.axis || lengths.rank() != 1 ||
      !lengths.HasSameRowsAs(value)) {
    return {operation.Against("works across the rows")};
  }
  return {value.WithDims(*value.dims, value.axis)};
}

}  // namespace

const Rules& ReductionRules() {
  static const Rules rules = [] {
    Rules all;
    for (std::string_view op :
         {"All", "Any", "EuclideanNorm", "Max", "Mean", "Min", "Prod", "Sum"}) {
      all.emplace_back(op, &Reduce);
    }
    all.emplace_back("ArgMax", &Best);
    all.emplace_back("ArgMin", &Best);
    all.emplace_back("DenseBincount", &CountBins);
    all.emplace_back("OneHot", &OneHot);
    all.emplace_back("ReverseSequence", &ReverseSequence);
    all.emplace_back("TopK", &Top);
    all.emplace_back("TopKV2", &Top);
    return all;
  }();
  return rules;
}

}  // namespace tensorgate
