// Ops that take parts of a tensor.
#include <limits>
#include <utility>

#include "rows/operation.h"

namespace tensorgate {
namespace {

constexpr int64_t kNoRowsBeyond = std::numeric_limits<int32_t>::max();

// Rows, or what is the same in both runs, with other dimensions.
Value With(const Value& value, Dims dims, size_t axis) {
  return value.is_rows() ? value.WithDims(std::move(dims), axis) : Value::Fixed(std::move(dims));
}

// What a strided slice does to one dimension.
struct Part {
  enum Kind { kAll, kSome, kOne, kNew } kind = kAll;
  std::optional<int64_t> begin, end;  // kSome, kOne: where they are given and known
  std::optional<int64_t> stride;      // kSome
  bool has_begin = false, has_end = false;
};

// Whether the range is all of the dimension.
bool IsAll(const Element* begin, const Element* end, const Element& stride, const Size& dim) {
  if (!stride.is_number(1)) return false;
  if (begin != nullptr && !begin->is_number(0)) return false;
  if (end == nullptr) return true;
  return end->kind == Element::kSize &&
         (end->size == dim || (end->size.is_number() && end->size.number() >= kNoRowsBeyond));
}

int64_t Clamped(int64_t index, int64_t size, int64_t low, int64_t high) {
  if (index < 0) index += size;
  return index < low ? low : index > high ? high : index;
}

// How many the range takes; none where that is not known.
std::optional<std::vector<int64_t>> Taken(const Part& part, int64_t size) {
  if (!part.stride || *part.stride == 0) return std::nullopt;
  if ((part.has_begin && !part.begin) || (part.has_end && !part.end)) return std::nullopt;
  const bool is_forward = *part.stride > 0;
  const int64_t low = is_forward ? 0 : -1, high = is_forward ? size : size - 1;
  const int64_t begin = part.has_begin ? Clamped(*part.begin, size, low, high)
                        : is_forward   ? 0
                                       : size - 1;
  const int64_t end = part.has_end ? Clamped(*part.end, size, low, high) : is_forward ? size : -1;
  std::vector<int64_t> taken;
  constexpr int64_t kMost = 1 << 20;
  for (int64_t i = begin; is_forward ? i < end : i > end; i += *part.stride) {
    if (static_cast<int64_t>(taken.size()) >= kMost) return std::nullopt;
    taken.push_back(i);
  }
  return taken;
}

// One for each dimension of the input, and for each that is new; false where it cannot be told.
bool ReadParts(const Operation& operation, const Value& value, std::vector<Part>* parts) {
  const Value& begins = operation.input(1);
  const Value& ends = operation.input(2);
  const Value& strides = operation.input(3);
  if (!begins.elements || !ends.elements || !strides.elements) return false;
  const size_t count = begins.elements->size();
  if (ends.elements->size() != count || strides.elements->size() != count || count > 32)
    return false;
  const auto mask = [&](std::string_view name) {
    return static_cast<uint64_t>(operation.Int(name, 0));
  };
  const uint64_t begin_mask = mask("begin_mask"), end_mask = mask("end_mask");
  const uint64_t ellipsis = mask("ellipsis_mask"), is_new = mask("new_axis_mask");
  const uint64_t is_one = mask("shrink_axis_mask");
  const auto has = [](uint64_t bits, size_t i) { return (bits >> i & 1) != 0; };
  size_t named = 0;
  bool has_ellipsis = false;
  for (size_t i = 0; i < count; ++i) {
    if (has(ellipsis, i))
      has_ellipsis = true;
    else if (!has(is_new, i))
      ++named;
  }
  if (named > value.rank()) return false;
  size_t dim = 0;
  for (size_t i = 0; i < count; ++i) {
    if (has(ellipsis, i)) {
      for (size_t skipped = named; skipped < value.rank(); ++skipped, ++dim) parts->emplace_back();
      continue;
    }
    Part& part = parts->emplace_back();
    if (has(is_new, i)) {
      part.kind = Part::kNew;
      continue;
    }
    if (dim >= value.rank()) return false;
    const Element& begin = (*begins.elements)[i];
    const Element& end = (*ends.elements)[i];
    const Element& stride = (*strides.elements)[i];
    part.has_begin = !has(begin_mask, i);
    part.has_end = !has(end_mask, i);
    if (has(is_one, i)) {
      part.kind = Part::kOne;
    } else if (!IsAll(part.has_begin ? &begin : nullptr, part.has_end ? &end : nullptr, stride,
                      (*value.dims)[dim])) {
      part.kind = Part::kSome;
    }
    // A part of another dimension that is found by counting rows.
    if (part.kind != Part::kAll &&
        (begin.counts_rows() || stride.counts_rows() ||
         (part.kind == Part::kSome && part.has_end && end.counts_rows()))) {
      return false;
    }
    if (begin.is_number()) part.begin = begin.size.number();
    if (end.is_number()) part.end = end.size.number();
    if (stride.is_number()) part.stride = stride.size.number();
    ++dim;
  }
  if (!has_ellipsis) parts->resize(parts->size() + value.rank() - dim);
  return true;
}

// Of a small vector of numbers.
Values SliceElements(const Value& value, const std::vector<Part>& parts) {
  const std::vector<Element>& elements = *value.elements;
  const int64_t size = static_cast<int64_t>(elements.size());
  if (parts.size() != 1) return {};
  const Part& part = parts[0];
  if (part.kind == Part::kAll) return {value};
  if (part.kind == Part::kOne) {
    if (!part.begin) return {};
    const int64_t index = *part.begin < 0 ? *part.begin + size : *part.begin;
    if (index < 0 || index >= size) return {};
    return {Value::Of({elements[static_cast<size_t>(index)]}, true)};
  }
  const auto taken = Taken(part, size);
  if (part.kind != Part::kSome || !taken) return {};
  std::vector<Element> some;
  for (int64_t i : *taken) some.push_back(elements[static_cast<size_t>(i)]);
  return {Value::Of(std::move(some), false)};
}

Values StridedSlice(const Operation& operation) {
  if (operation.count() != 4) return NoRule(operation);
  const Value& value = operation.input(0);
  for (size_t i = 1; i < 4; ++i) {
    const Value& input = operation.input(i);
    if (!input.is_fixed() && !(input.kind == Value::kCount && value.is_rows()))
      return NoRule(operation);
  }
  if (value.is_fixed() && !value.dims) return {Value::Fixed()};
  std::vector<Part> parts;
  if (!value.dims || !ReadParts(operation, value, &parts)) {
    return value.is_rows() ? Values{operation.Against("takes an unknown part")} : NoRule(operation);
  }
  if (value.elements && value.rank() == 1) {
    Values values = SliceElements(value, parts);
    if (!values.empty()) return values;
  }
  if (!value.is_rows() && !value.is_fixed()) return NoRule(operation);
  Dims dims;
  size_t axis = 0, dim = 0;
  for (const Part& part : parts) {
    if (part.kind == Part::kNew) {
      dims.emplace_back(1);
      continue;
    }
    const Size& size = (*value.dims)[dim];
    if (value.is_rows() && dim == value.axis) {
      if (part.kind != Part::kAll) return {operation.Against("takes some of the rows")};
      axis = dims.size();
    }
    ++dim;
    if (part.kind == Part::kOne) continue;
    if (part.kind == Part::kAll) {
      dims.push_back(size);
    } else {
      const auto taken = size.is_number() ? Taken(part, size.number()) : std::nullopt;
      dims.push_back(taken ? Size(static_cast<int64_t>(taken->size()))
                           : operation.Unknown(dims.size()));
    }
  }
  return {With(value, std::move(dims), axis)};
}

Values Slice(const Operation& operation) {
  if (operation.count() != 3) return NoRule(operation);
  const Value& value = operation.input(0);
  const Value& begins = operation.input(1);
  const Value& sizes = operation.input(2);
  const auto may_be = [&](const Value& input) {
    return input.is_fixed() || (input.kind == Value::kCount && value.is_rows());
  };
  if (!may_be(begins) || !may_be(sizes)) return NoRule(operation);
  if (value.elements && value.rank() == 1) {
    int64_t begin, size;
    const int64_t all = static_cast<int64_t>(value.elements->size());
    if (operation.Number(1, &begin) && operation.Number(2, &size) && begin >= 0 && begin <= all) {
      if (size < 0 || size > all - begin) size = all - begin;
      const auto first = value.elements->begin() + begin;
      return {Value::Of(std::vector<Element>(first, first + size), false)};
    }
  }
  if (!value.is_rows()) {
    Values values = NoRule(operation);
    if (values[0].is_fixed() && value.dims) {
      values[0].dims.emplace();
      for (size_t i = 0; i < value.rank(); ++i) values[0].dims->push_back(operation.Unknown(i));
    }
    return values;
  }
  if (!begins.elements || !sizes.elements || begins.elements->size() != value.rank() ||
      sizes.elements->size() != value.rank()) {
    return {operation.Against("takes an unknown part")};
  }
  Dims dims;
  for (size_t i = 0; i < value.rank(); ++i) {
    const Element& begin = (*begins.elements)[i];
    const Element& size = (*sizes.elements)[i];
    const Size& dim = (*value.dims)[i];
    const bool is_all = begin.is_number(0) &&
                        (size.is_number(-1) || (size.kind == Element::kSize && size.size == dim));
    if (is_all) {
      dims.push_back(dim);
    } else if (i == value.axis) {
      return {operation.Against("takes some of the rows")};
    } else if (begin.counts_rows() || size.counts_rows()) {
      return {operation.Against("gets the number of rows")};
    } else {
      dims.push_back(operation.DimOf(size, i));
    }
  }
  return {value.WithDims(std::move(dims), value.axis)};
}

Values SplitAt(const Operation& operation, const Value& value, size_t axis_input, size_t parts) {
  for (size_t i = 0; i < operation.count(); ++i) {
    if (&operation.input(i) != &value && !operation.input(i).is_fixed()) return NoRule(operation);
  }
  if (!value.is_rows() && !(value.is_fixed() && value.dims)) return NoRule(operation);
  size_t axis;
  if (!operation.Axis(axis_input, value.rank(), &axis)) {
    return value.is_fixed() ? NoRule(operation)
                            : Values{operation.Against("splits along an unknown axis")};
  }
  if (value.is_rows() && axis == value.axis) return {operation.Against("parts the rows")};
  Dims dims = *value.dims;
  Size part;
  const Size count(static_cast<int64_t>(parts));
  dims[axis] = parts > 0 && dims[axis].DividedBy(count, &part) ? part : operation.Unknown(0);
  return {With(value, std::move(dims), value.axis)};
}

// split_dim, value
Values Split(const Operation& operation) {
  if (operation.count() != 2) return NoRule(operation);
  return SplitAt(operation, operation.input(1), 0,
                 static_cast<size_t>(operation.Int("num_split", 0)));
}

// value, size_splits, split_dim
Values SplitV(const Operation& operation) {
  if (operation.count() != 3) return NoRule(operation);
  Values whole = SplitAt(operation, operation.input(0), 2, 0);
  if (!whole[0].dims) return whole;
  size_t axis;
  std::vector<int64_t> sizes;
  if (!operation.Axis(2, whole[0].rank(), &axis)) return NoRule(operation);
  if (!operation.Numbers(1, &sizes)) sizes.clear();
  const int64_t parts = operation.Int("num_split", 0);
  Values values;
  for (int64_t i = 0; i < parts; ++i) {
    Dims dims = *whole[0].dims;
    const size_t place = static_cast<size_t>(i);
    dims[axis] =
        place < sizes.size() && sizes[place] >= 0 ? Size(sizes[place]) : operation.Unknown(place);
    values.push_back(With(whole[0], std::move(dims), whole[0].axis));
  }
  return values;
}

Values Unpack(const Operation& operation) {
  const Value& value = operation.input(0);
  if (operation.count() != 1) return NoRule(operation);
  if (value.elements && value.rank() == 1) {
    Values values;
    for (const Element& element : *value.elements) values.push_back(Value::Of({element}, true));
    return values;
  }
  if (!value.is_rows() && !(value.is_fixed() && value.dims)) return NoRule(operation);
  size_t axis;
  if (!operation.AxisOf(operation.Int("axis", 0), value.rank(), &axis) ||
      (value.is_rows() && axis == value.axis)) {
    return {operation.Against("parts the rows")};
  }
  Dims dims = *value.dims;
  dims.erase(dims.begin() + static_cast<ptrdiff_t>(axis));
  return {With(value, std::move(dims), value.axis - (axis < value.axis ? 1 : 0))};
}

}  // namespace

const Rules& SliceRules() {
  static const Rules rules = {{"Slice", &Slice},
                              {"Split", &Split},
                              {"SplitV", &SplitV},
                              {"StridedSlice", &StridedSlice},
                              {"Unpack", &Unpack}};
  return rules;
}

}  // namespace tensorgate
