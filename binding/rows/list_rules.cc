// TensorLists, as loops write and read them.
#include <utility>

#include "rows/join.h"
#include "rows/operation.h"

namespace tensorgate {
namespace {

Value ListOf(bool is_of_rows, Value element) {
  return Value::Of(std::make_shared<const List>(List{is_of_rows, std::move(element)}));
}

// An element as an op reads it. Those of a list may differ in sizes that are not numbers.
Value Read(const Operation& operation, const Value& element) {
  Value value = element;
  for (size_t i = 0; value.dims && i < value.rank(); ++i) {
    const bool is_of_rows = value.is_rows() && i == value.axis;
    if (!is_of_rows && !(*value.dims)[i].is_number()) (*value.dims)[i] = operation.Unknown(100 + i);
  }
  value.elements.reset();
  value.matrix.reset();
  return value;
}

// Whether a list may hold it.
bool MayBeListed(const Value& item, bool is_of_rows) {
  if (item.is_fixed()) return true;
  if (is_of_rows) return item.kind == Value::kOneRow;
  return item.is_rows() && item.outer.is_number() && item.inner.is_number();
}

// element_shape, num_elements
Values Reserve(const Operation& operation) {
  if (operation.count() != 2) return NoRule(operation);
  const Value& count = operation.input(1);
  if (count.is_row_count()) return {ListOf(true, Value::OfKind(Value::kNothing))};
  return count.is_fixed() ? Values{ListOf(false, Value::OfKind(Value::kNothing))}
                          : NoRule(operation);
}

Values Empty(const Operation& operation) {
  for (const Value& input : operation.inputs()) {
    if (!input.is_fixed() && input.kind != Value::kCount) return NoRule(operation);
  }
  return {ListOf(false, Value::OfKind(Value::kNothing))};
}

// tensor, element_shape
Values FromTensor(const Operation& operation) {
  if (operation.count() != 2) return NoRule(operation);
  const Value& tensor = operation.input(0);
  if (tensor.is_fixed()) {
    Value element = Value::Fixed();
    if (tensor.dims && tensor.rank() > 0) {
      element.dims.emplace(tensor.dims->begin() + 1, tensor.dims->end());
    }
    return {ListOf(false, std::move(element))};
  }
  if (!tensor.is_rows()) return NoRule(operation);
  Dims dims(tensor.dims->begin() + 1, tensor.dims->end());
  if (tensor.axis > 0) {
    Value element = tensor.WithDims(std::move(dims), tensor.axis - 1);
    if (!MayBeListed(element, false)) return {operation.Against("lists the parts of rows")};
    return {ListOf(false, std::move(element))};
  }
  if (!tensor.outer.is_number(1) || !tensor.inner.is_number(1)) {
    return {operation.Against("lists the parts of rows")};
  }
  Value element = Value::OfKind(Value::kOneRow);
  element.dims = std::move(dims);
  return {ListOf(true, std::move(element))};
}

const List* ListIn(const Operation& operation, size_t count) {
  if (operation.count() != count || operation.input(0).kind != Value::kList) return nullptr;
  return operation.input(0).list.get();
}

// list, index, element_shape
Values GetItem(const Operation& operation) {
  const List* list = ListIn(operation, 3);
  if (list == nullptr) return NoRule(operation);
  const Value& index = operation.input(1);
  if (index.kind != (list->is_of_rows ? Value::kRowNumber : Value::kFixed)) {
    return {operation.Against("reads the rows in another order than theirs")};
  }
  if (list->element.kind == Value::kNothing)
    return {operation.Against("reads what was not written")};
  return {Read(operation, list->element)};
}

// list, index, item
Values SetItem(const Operation& operation) {
  const List* list = ListIn(operation, 3);
  if (list == nullptr) return NoRule(operation);
  const Value& index = operation.input(1);
  const Value& item = operation.input(2);
  if (index.kind != (list->is_of_rows ? Value::kRowNumber : Value::kFixed)) {
    return {operation.Against("writes the rows in another order than theirs")};
  }
  if (!MayBeListed(item, list->is_of_rows)) return {operation.Against("lists what is no row")};
  Value element = Join(operation, 1, list->element, item);
  if (element.kind == Value::kObstacle) return {std::move(element)};
  return {ListOf(list->is_of_rows, std::move(element))};
}

// list, item
Values PushBack(const Operation& operation) {
  const List* list = ListIn(operation, 2);
  if (list == nullptr) return NoRule(operation);
  const Value& item = operation.input(1);
  if (list->is_of_rows || !MayBeListed(item, false)) {
    return {operation.Against("lists what is no row")};
  }
  Value element = Join(operation, 1, list->element, item);
  if (element.kind == Value::kObstacle) return {std::move(element)};
  return {ListOf(false, std::move(element))};
}

// list, element_shape: the list without its last element, and that
Values PopBack(const Operation& operation) {
  const List* list = ListIn(operation, 2);
  if (list == nullptr || list->is_of_rows) return NoRule(operation);
  if (list->element.kind == Value::kNothing)
    return {operation.Against("reads what was not written")};
  return {operation.input(0), Read(operation, list->element)};
}

Values Length(const Operation& operation) {
  const List* list = ListIn(operation, 1);
  if (list == nullptr) return NoRule(operation);
  return {Value::Of({list->is_of_rows ? Element::Of(Size::Rows()) : Element::Fixed()}, true)};
}

// Of an element, where the op's element_shape says more than the element does.
std::optional<Dims> ElementDims(const Operation& operation, const Value& element) {
  const Value& shape = operation.input(1);
  if (element.dims) return element.dims;
  if (!shape.is_fixed() || !shape.elements || !shape.dims || shape.rank() != 1) return std::nullopt;
  Dims dims;
  for (const Element& each : *shape.elements)
    dims.push_back(operation.DimOf(each, 2 + dims.size()));
  return dims;
}

// list, element_shape: its elements along a new first dimension
Values Stack(const Operation& operation) {
  const List* list = ListIn(operation, 2);
  if (list == nullptr) return NoRule(operation);
  const Value element = Read(operation, list->element);
  if (element.kind == Value::kNothing) return {operation.Against("reads what was not written")};
  std::optional<Dims> dims = ElementDims(operation, element);
  if (!dims) {
    if (element.is_fixed() && !list->is_of_rows) return {Value::Fixed()};
    return {operation.Against("lists rows whose rank is not known")};
  }
  // Rows whose parts are of different sizes cannot be stacked: such a run fails, and each of its
  // requests runs alone.
  if (list->is_of_rows) {
    dims->insert(dims->begin(), Size::Rows());
    return {Value::Rows(std::move(*dims), 0)};
  }
  dims->insert(dims->begin(), operation.Unknown(0));
  if (!element.is_rows()) return {Value::Fixed(std::move(dims))};
  return {element.WithDims(std::move(*dims), element.axis + 1)};
}

}  // namespace

const Rules& ListRules() {
  static const Rules rules = {
      {"EmptyTensorList", &Empty},     {"TensorListFromTensor", &FromTensor},
      {"TensorListGetItem", &GetItem}, {"TensorListLength", &Length},
      {"TensorListPopBack", &PopBack}, {"TensorListPushBack", &PushBack},
      {"TensorListReserve", &Reserve}, {"TensorListSetItem", &SetItem},
      {"TensorListStack", &Stack},
  };
  return rules;
}

}  // namespace tensorgate
