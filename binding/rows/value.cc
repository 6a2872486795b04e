#include "rows/value.h"

#include <algorithm>
#include <utility>

namespace tensorgate {

Value Value::OfKind(Kind kind) {
  Value value;
  value.kind = kind;
  return value;
}

Value Value::Fixed(std::optional<Dims> dims) {
  Value value;
  value.dims = std::move(dims);
  return value;
}

Value Value::Rows(Dims dims, size_t axis, Size outer, Size inner) {
  Value value = OfKind(kRows);
  value.dims = std::move(dims);
  value.axis = axis;
  value.outer = std::move(outer);
  value.inner = std::move(inner);
  return value;
}

Value Value::Of(std::vector<Element> elements, bool is_scalar) {
  const bool counts = std::any_of(elements.begin(), elements.end(),
                                  [](const Element& element) { return element.counts_rows(); });
  Value value = OfKind(counts ? kCount : kFixed);
  value.dims = is_scalar ? Dims() : Dims{static_cast<int64_t>(elements.size())};
  value.elements = std::move(elements);
  return value;
}

Value Value::Of(std::shared_ptr<const List> list) {
  Value value = OfKind(kList);
  value.list = std::move(list);
  return value;
}

Value Value::Of(Obstacle obstacle) {
  Value value = OfKind(kObstacle);
  value.obstacle = std::make_shared<const Obstacle>(std::move(obstacle));
  return value;
}

Value Value::WithDims(Dims new_dims, size_t new_axis) const {
  return Rows(std::move(new_dims), new_axis, outer, inner);
}

bool Value::is_row_count() const {
  const Element* number = scalar();
  return number != nullptr && number->kind == Element::kSize && number->size == Size::Rows();
}

bool Value::is_number(int64_t number) const {
  const Element* element = scalar();
  return element != nullptr && element->is_number(number);
}

const Element* Value::scalar() const {
  return elements && dims && dims->empty() && elements->size() == 1 ? &(*elements)[0] : nullptr;
}

}  // namespace tensorgate
