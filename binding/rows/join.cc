#include "rows/join.h"

#include <utility>

namespace tensorgate {
namespace {

// A tensor has no more dimensions.
constexpr size_t kPlaces = 1024;

bool IsSameElement(const Element& a, const Element& b) {
  return a.kind == b.kind && (a.kind != Element::kSize || a.size == b.size);
}

bool HaveSameElements(const Value& a, const Value& b) {
  if (a.elements.has_value() != b.elements.has_value()) return false;
  if (!a.elements) return true;
  if (a.elements->size() != b.elements->size()) return false;
  for (size_t i = 0; i < a.elements->size(); ++i) {
    if (!IsSameElement((*a.elements)[i], (*b.elements)[i])) return false;
  }
  return true;
}

std::optional<Dims> JoinedDims(const Operation& operation, size_t place, const Value& a,
                               const Value& b) {
  if (!a.dims || !b.dims || a.rank() != b.rank()) return std::nullopt;
  Dims dims;
  for (size_t i = 0; i < a.rank(); ++i) {
    const bool is_same = (*a.dims)[i] == (*b.dims)[i];
    dims.push_back(is_same ? (*a.dims)[i] : operation.Unknown((place + 1) * kPlaces + i));
  }
  return dims;
}

std::optional<std::vector<Element>> JoinedElements(const Value& a, const Value& b) {
  if (!a.elements || !b.elements || a.elements->size() != b.elements->size()) return std::nullopt;
  std::vector<Element> elements;
  for (size_t i = 0; i < a.elements->size(); ++i) {
    const Element& left = (*a.elements)[i];
    const Element& right = (*b.elements)[i];
    if (IsSameElement(left, right))
      elements.push_back(left);
    else if (left.counts_rows() || right.counts_rows())
      elements.push_back(Element::Count());
    else
      elements.push_back(Element::Fixed());
  }
  return elements;
}

bool IsPlain(const Value& value) { return value.is_fixed() || value.kind == Value::kCount; }

}  // namespace

Value Join(const Operation& operation, size_t place, const Value& a, const Value& b) {
  // What is known of one besides need not hold for the other.
  if (a.kind == Value::kObstacle) return Value::Of(*a.obstacle);
  if (b.kind == Value::kObstacle) return Value::Of(*b.obstacle);
  if (b.kind == Value::kNothing) return a;
  if (a.kind == Value::kNothing) return b;
  if (a.kind == Value::kList && b.kind == Value::kList) {
    if (a.list->is_of_rows != b.list->is_of_rows) return operation.Against("lists rows or else");
    Value element = Join(operation, place, a.list->element, b.list->element);
    if (element.kind == Value::kObstacle) return element;
    return Value::Of(std::make_shared<const List>(List{a.list->is_of_rows, std::move(element)}));
  }
  if (a.is_rows() && b.is_rows()) {
    if (a.rank() != b.rank() || a.axis != b.axis || !a.HasSameRowsAs(b)) {
      return operation.Against("has rows in one place or another");
    }
    return a.WithDims(*JoinedDims(operation, place, a, b), a.axis);
  }
  if (IsPlain(a) && IsPlain(b)) {
    Value joined = Value::OfKind(a.is_fixed() && b.is_fixed() ? Value::kFixed : Value::kCount);
    joined.dims = JoinedDims(operation, place, a, b);
    joined.elements = JoinedElements(a, b);
    if (a.matrix == b.matrix) joined.matrix = a.matrix;
    return joined;
  }
  const auto is_of_row = [](const Value& value) {
    return value.is_fixed() || value.kind == Value::kOneRow;
  };
  if (is_of_row(a) && is_of_row(b)) {
    Value joined = Value::OfKind(Value::kOneRow);
    joined.dims = JoinedDims(operation, place, a, b);
    return joined;
  }
  if (a.kind == b.kind && a.kind >= Value::kRowNumber && a.kind <= Value::kHasRow) return a;
  return operation.Against("has rows or what has none");
}

bool IsSame(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.argument != b.argument) return false;
  if (a.kind == Value::kList) {
    return a.list->is_of_rows == b.list->is_of_rows && IsSame(a.list->element, b.list->element);
  }
  if (a.is_rows() && (a.axis != b.axis || !a.HasSameRowsAs(b))) return false;
  return a.dims == b.dims && a.matrix == b.matrix && HaveSameElements(a, b);
}

}  // namespace tensorgate
