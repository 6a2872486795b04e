// Ops that give a tensor another shape, or repeat what is in it.
#include <algorithm>
#include <utility>

#include "rows/operation.h"

namespace tensorgate {
namespace {

Size Product(const Dims& dims, size_t begin, size_t end) {
  Size product;
  for (size_t i = begin; i < end; ++i) product = product * dims[i];
  return product;
}

// The elements of the shape that is asked for; null where it is not known, even in its rank.
const std::vector<Element>* ShapeIn(const Value& value) {
  return value.elements && value.dims && value.rank() == 1 ? &*value.elements : nullptr;
}

// Of what has no rows in it, or of small tensors of numbers.
Values ReshapeOthers(const Operation& operation) {
  const Value& value = operation.input(0);
  const Value& shape = operation.input(1);
  const bool may_be = value.is_fixed() || (value.kind == Value::kCount && value.elements);
  if (!may_be || !shape.is_fixed()) return NoRule(operation);
  const std::vector<Element>* wanted = ShapeIn(shape);
  if (wanted == nullptr) return value.is_fixed() ? Values{Value::Fixed()} : NoRule(operation);
  if (value.elements && wanted->size() <= 1) {
    return {Value::Of(*value.elements, wanted->empty())};
  }
  if (!value.is_fixed()) return NoRule(operation);
  Dims dims;
  size_t open = wanted->size();
  for (size_t i = 0; i < wanted->size(); ++i) {
    if ((*wanted)[i].is_number(-1)) open = i;
    dims.push_back(operation.DimOf((*wanted)[i], i));
  }
  if (open < dims.size() && value.dims) {
    Size others, rest;
    for (size_t i = 0; i < dims.size(); ++i) others = i == open ? others : others * dims[i];
    if (Product(*value.dims, 0, value.rank()).DividedBy(others, &rest)) dims[open] = rest;
  }
  return {Value::Fixed(std::move(dims))};
}

// The rows stay together where as many elements as before, or whole multiples, lie on either side
// of them. TensorFlow sees to it that the shapes hold the same number of elements.
Values Reshape(const Operation& operation) {
  if (operation.count() != 2) return NoRule(operation);
  const Value& value = operation.input(0);
  const Value& shape = operation.input(1);
  if (!value.is_rows()) return ReshapeOthers(operation);
  if (!shape.is_fixed() && shape.kind != Value::kCount) return NoRule(operation);
  const std::vector<Element>* wanted = ShapeIn(shape);
  if (wanted == nullptr) return {operation.Against("makes a shape that is not known")};
  const Size before = Product(*value.dims, 0, value.axis) * value.outer;
  const Size after = value.inner * Product(*value.dims, value.axis + 1, value.rank());
  const size_t rank = wanted->size();
  size_t axis = rank, open = rank;
  for (size_t i = 0; i < rank; ++i) {
    const Element& element = (*wanted)[i];
    if (element.is_number(-1)) {
      open = i;
    } else if (element.counts_rows()) {
      if (element.kind != Element::kSize || !element.size.has_rows_once() || axis < rank) {
        return {operation.Against("makes a shape of the number of rows")};
      }
      axis = i;
    }
  }
  const bool has_named_rows = axis < rank;
  if (!has_named_rows) axis = open;
  if (axis == rank) return {operation.Against("makes a shape without rows")};
  Dims dims(rank);
  for (size_t i = 0; i < rank; ++i) dims[i] = operation.DimOf((*wanted)[i], i);
  if (has_named_rows && open < rank) {
    Size others, rest;
    for (size_t i = 0; i < rank; ++i) others = i == open ? others : others * dims[i];
    const Size all = before * Size::Rows() * after;
    dims[open] =
        all.DividedBy(others, &rest) && !rest.counts_rows() ? rest : operation.Unknown(open);
  }
  Size outer, inner;
  const bool has_outer = before.DividedBy(Product(dims, 0, axis), &outer);
  const bool has_inner = after.DividedBy(Product(dims, axis + 1, rank), &inner);
  if (!has_named_rows) {
    if (!has_outer || !has_inner) return {operation.Against("cuts rows to pieces")};
    dims[axis] = outer * Size::Rows() * inner;
  } else if (has_outer) {
    if (!dims[axis].DividedBy(outer * Size::Rows(), &inner)) {
      return {operation.Against("cuts rows to pieces")};
    }
  } else if (!has_inner || !dims[axis].DividedBy(inner * Size::Rows(), &outer)) {
    return {operation.Against("cuts rows to pieces")};
  }
  return {Value::Rows(std::move(dims), axis, std::move(outer), std::move(inner))};
}

Values ExpandDims(const Operation& operation) {
  const Value& value = operation.input(0);
  size_t axis;
  if (operation.count() != 2 || !operation.input(1).is_fixed()) return NoRule(operation);
  if (value.elements && value.rank() == 0 && operation.Axis(1, 1, &axis)) {
    return {Value::Of(*value.elements, false)};
  }
  if (!value.is_rows() && !value.is_fixed()) return NoRule(operation);
  if (!value.dims || !operation.Axis(1, value.rank() + 1, &axis)) {
    return value.is_fixed() ? Values{Value::Fixed()}
                            : Values{operation.Against("adds a dimension in an unknown place")};
  }
  Dims dims = *value.dims;
  dims.insert(dims.begin() + static_cast<ptrdiff_t>(axis), 1);
  if (value.is_fixed()) return {Value::Fixed(std::move(dims))};
  return {value.WithDims(std::move(dims), value.axis + (axis <= value.axis ? 1 : 0))};
}

Values Squeeze(const Operation& operation) {
  const Value& value = operation.input(0);
  std::vector<int64_t> given = operation.Ints("squeeze_dims");
  if (given.empty()) given = operation.Ints("axis");
  if (value.elements && value.elements->size() == 1) return {Value::Of(*value.elements, true)};
  if (!value.is_rows()) {
    if (!value.is_fixed() || !value.dims || given.empty()) return NoRule(operation);
  } else if (given.empty()) {
    return {operation.Against("drops the dimension of the rows where there is one row")};
  }
  std::vector<bool> is_dropped(value.rank());
  for (int64_t number : given) {
    size_t axis;
    if (!operation.AxisOf(number, value.rank(), &axis))
      return {operation.Against("drops a dimension that is not there")};
    is_dropped[axis] = true;
  }
  if (value.is_rows() && is_dropped[value.axis]) {
    return {operation.Against("drops the dimension of the rows")};
  }
  Dims dims;
  size_t new_axis = 0;
  for (size_t i = 0; i < value.rank(); ++i) {
    if (is_dropped[i]) continue;
    if (i == value.axis) new_axis = dims.size();
    dims.push_back((*value.dims)[i]);
  }
  return {value.is_rows() ? value.WithDims(std::move(dims), new_axis)
                          : Value::Fixed(std::move(dims))};
}

Values Transpose(const Operation& operation) {
  const Value& value = operation.input(0);
  if (operation.count() != 2 || !operation.input(1).is_fixed()) return NoRule(operation);
  std::vector<int64_t> order;
  const bool is_known = value.dims && operation.Numbers(1, &order) && order.size() == value.rank();
  if (!value.is_rows()) {
    if (!value.is_fixed() || !is_known) return NoRule(operation);
  } else if (!is_known) {
    return {operation.Against("reorders dimensions in an unknown way")};
  }
  Dims dims;
  size_t new_axis = order.size();
  for (size_t i = 0; i < order.size(); ++i) {
    size_t from;
    if (!operation.AxisOf(order[i], value.rank(), &from)) {
      return {operation.Against("reorders dimensions that are not there")};
    }
    if (from == value.axis) new_axis = i;
    dims.push_back((*value.dims)[from]);
  }
  if (value.is_fixed()) return {Value::Fixed(std::move(dims))};
  if (new_axis == order.size())
    return {operation.Against("reorders dimensions that are not there")};
  return {value.WithDims(std::move(dims), new_axis)};
}

// Whether the element makes rows of a dimension of that size, each with all of it.
bool MakesRows(const Element& element) {
  return element.kind == Element::kSize && element.size.has_rows_once();
}

Values Tile(const Operation& operation) {
  const Value& value = operation.input(0);
  if (operation.count() != 2) return NoRule(operation);
  const Value& multiples = operation.input(1);
  if (value.is_fixed() && multiples.is_fixed() && !value.dims) return {Value::Fixed()};
  const std::vector<Element>* times = ShapeIn(multiples);
  if (times == nullptr || !value.dims || times->size() != value.rank() ||
      !(value.is_rows() || value.is_fixed())) {
    return value.is_rows() ? Values{operation.Against("repeats rows in an unknown way")}
                           : NoRule(operation);
  }
  Dims dims = *value.dims;
  std::optional<size_t> made;
  for (size_t i = 0; i < times->size(); ++i) {
    const Element& element = (*times)[i];
    if (element.counts_rows()) {
      if (value.is_rows() || made || !MakesRows(element)) {
        return {operation.Against("repeats by the number of rows")};
      }
      made = i;
    }
    if (value.is_rows() && i == value.axis && element.kind != Element::kSize) {
      return {operation.Against("repeats rows an unknown number of times")};
    }
    dims[i] = element.kind == Element::kSize ? dims[i] * element.size : operation.Unknown(i);
  }
  if (made) {
    const size_t axis = *made;
    if ((*times)[axis].size != Size::Rows()) {
      return {operation.Against("repeats by the number of rows")};
    }
    return {Value::Rows(std::move(dims), axis, 1, (*value.dims)[axis])};
  }
  if (value.is_fixed()) return {Value::Fixed(std::move(dims))};
  return {Value::Rows(std::move(dims), value.axis, value.outer * (*times)[value.axis].size,
                      value.inner)};
}

// A tensor without rows, repeated for each of them; or one with rows, where they are already.
Values BroadcastTo(const Operation& operation) {
  const Value& value = operation.input(0);
  if (operation.count() != 2) return NoRule(operation);
  const Value& shape = operation.input(1);
  const std::vector<Element>* wanted = ShapeIn(shape);
  if (!value.is_rows() && !value.is_fixed()) return NoRule(operation);
  if (value.is_fixed() && shape.is_fixed()) {
    if (wanted == nullptr) return {Value::Fixed()};
  } else if (wanted == nullptr || !value.dims || wanted->size() < value.rank()) {
    return {operation.Against("makes a shape that is not known")};
  }
  Dims dims;
  std::optional<size_t> named;
  for (size_t i = 0; i < wanted->size(); ++i) {
    const Element& element = (*wanted)[i];
    if (element.counts_rows()) {
      if (named || !MakesRows(element)) {
        return {operation.Against("makes a shape of the number of rows")};
      }
      named = i;
    }
    dims.push_back(operation.DimOf(element, i));
  }
  if (value.is_rows()) {
    const size_t axis = value.axis + dims.size() - value.rank();
    if ((named && *named != axis) || (named && dims[axis] != (*value.dims)[value.axis])) {
      return {operation.Against("sets rows against those of another place")};
    }
    if (!named) {
      if (!(*wanted)[axis].is_number(-1)) return {operation.Against("makes a shape without rows")};
      dims[axis] = (*value.dims)[value.axis];
    }
    return {value.WithDims(std::move(dims), axis)};
  }
  if (!named) return {Value::Fixed(std::move(dims))};
  const size_t missing = dims.size() - value.rank();
  Size inner;
  if (*named >= missing && !(*value.dims)[*named - missing].is_number(1)) {
    return {operation.Against("treats rows by their place")};
  }
  if (!dims[*named].DividedBy(Size::Rows(), &inner)) {
    return {operation.Against("makes a shape of the number of rows")};
  }
  return {Value::Rows(std::move(dims), *named, 1, std::move(inner))};
}

Values Fill(const Operation& operation) {
  if (operation.count() != 2 || !operation.input(1).is_fixed()) return NoRule(operation);
  const Value& shape = operation.input(0);
  const std::vector<Element>* wanted = ShapeIn(shape);
  if (wanted == nullptr) return shape.is_fixed() ? Values{Value::Fixed()} : NoRule(operation);
  const Element* number = operation.input(1).scalar();
  if (shape.is_fixed() && number != nullptr && wanted->size() == 1 && (*wanted)[0].is_number() &&
      (*wanted)[0].size.number() >= 0 && (*wanted)[0].size.number() <= 64) {
    return {Value::Of(
        std::vector<Element>(static_cast<size_t>((*wanted)[0].size.number()), *number), false)};
  }
  Dims dims;
  std::optional<size_t> axis;
  for (size_t i = 0; i < wanted->size(); ++i) {
    const Element& element = (*wanted)[i];
    if (element.counts_rows()) {
      if (axis || !MakesRows(element)) {
        return {operation.Against("makes a shape of the number of rows")};
      }
      axis = i;
    }
    dims.push_back(operation.DimOf(element, i));
  }
  if (!axis) return {Value::Fixed(std::move(dims))};
  Size inner;
  if (!dims[*axis].DividedBy(Size::Rows(), &inner)) {
    return {operation.Against("makes a shape of the number of rows")};
  }
  return {Value::Rows(std::move(dims), *axis, 1, std::move(inner))};
}

// `paddings`: before and after each dimension, [rank, 2].
Values Pad(const Operation& operation) {
  const Value& value = operation.input(0);
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  if (value.is_fixed()) {
    Value padded = Value::Fixed(value.dims);
    if (padded.dims) {
      for (size_t i = 0; i < padded.rank(); ++i) (*padded.dims)[i] = operation.Unknown(i);
    }
    return {std::move(padded)};
  }
  if (!value.is_rows()) return NoRule(operation);
  const Value& paddings = operation.input(1);
  if (!paddings.matrix || paddings.matrix->size() != 2 * value.rank()) {
    return {operation.Against("pads in an unknown way")};
  }
  Dims dims = *value.dims;
  for (size_t i = 0; i < value.rank(); ++i) {
    const int64_t before = (*paddings.matrix)[2 * i], after = (*paddings.matrix)[2 * i + 1];
    if (before == 0 && after == 0) continue;
    if (i == value.axis) return {operation.Against("adds rows")};
    const Size& dim = dims[i];
    dims[i] = dim.is_number() && dim.number() < (int64_t{1} << 40) && before < (int64_t{1} << 40) &&
                      after < (int64_t{1} << 40)
                  ? Size(dim.number() + before + after)
                  : operation.Unknown(i);
  }
  return {value.WithDims(std::move(dims), value.axis)};
}

// Along axes that its second, or third, input names.
template <size_t kAxes>
Values AlongAxes(const Operation& operation) {
  const Value& value = operation.input(0);
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  if (value.is_fixed()) return {Value::Fixed(value.dims)};
  if (operation.count() <= kAxes || !value.is_rows()) return NoRule(operation);
  std::vector<int64_t> axes;
  if (!operation.Numbers(kAxes, &axes)) return {operation.Against("works along an unknown axis")};
  for (int64_t number : axes) {
    size_t axis;
    if (!operation.AxisOf(number, value.rank(), &axis) || axis == value.axis) {
      return {operation.Against("works along the rows")};
    }
  }
  return {value.WithDims(*value.dims, value.axis)};
}

// Blocks of a row become rows of their own, all first blocks first; and the other way round.
Values Blocks(const Operation& operation) {
  const Value& value = operation.input(0);
  if (operation.count() != 3 || !operation.input(1).is_fixed() || !operation.input(2).is_fixed()) {
    return NoRule(operation);
  }
  if (!value.is_rows()) return NoRule(operation);
  std::vector<int64_t> shape;
  if (!operation.Numbers(1, &shape) || value.axis != 0) {
    return {operation.Against("cuts rows to unknown pieces")};
  }
  int64_t blocks = 1;
  for (int64_t size : shape) {
    if (size < 1 || __builtin_mul_overflow(blocks, size, &blocks)) {
      return {operation.Against("cuts rows to unknown pieces")};
    }
  }
  Dims dims = *value.dims;
  for (size_t i = 1; i < dims.size() && i <= shape.size(); ++i) dims[i] = operation.Unknown(i);
  Size outer;
  if (operation.op() == "SpaceToBatchND") {
    outer = value.outer * blocks;
  } else if (!value.outer.DividedBy(blocks, &outer)) {
    return {operation.Against("makes one row of several")};
  }
  dims[0] = outer * Size::Rows() * value.inner;
  return {Value::Rows(std::move(dims), 0, outer, value.inner)};
}

}  // namespace

const Rules& LayoutRules() {
  static const Rules rules = {
      {"BatchToSpaceND", &Blocks},
      {"BroadcastTo", &BroadcastTo},
      {"ConjugateTranspose", &Transpose},
      {"Cumprod", &AlongAxes<1>},
      {"Cumsum", &AlongAxes<1>},
      {"CumulativeLogsumexp", &AlongAxes<1>},
      {"ExpandDims", &ExpandDims},
      {"Fill", &Fill},
      {"MirrorPad", &Pad},
      {"Pad", &Pad},
      {"PadV2", &Pad},
      {"Reshape", &Reshape},
      {"ReverseV2", &AlongAxes<1>},
      {"Roll", &AlongAxes<2>},
      {"SpaceToBatchND", &Blocks},
      {"Squeeze", &Squeeze},
      {"Tile", &Tile},
      {"Transpose", &Transpose},
  };
  return rules;
}

}  // namespace tensorgate
