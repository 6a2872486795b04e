// Ops that look up by indexes or keys.
#include <utility>

#include "rows/operation.h"

namespace tensorgate {
namespace {

void Append(const Dims& dims, size_t begin, size_t end, Dims* out) {
  out->insert(out->end(), dims.begin() + static_cast<ptrdiff_t>(begin),
              dims.begin() + static_cast<ptrdiff_t>(end));
}

// Of a small vector of numbers, by known indexes; nothing where it is not that.
Values GatherElements(const Value& params, const Value& indices) {
  if (!params.elements || params.rank() != 1 || !indices.elements) return {};
  const std::vector<Element>& elements = *params.elements;
  std::vector<Element> gathered;
  for (const Element& index : *indices.elements) {
    if (!index.is_number() || index.size.number() < 0 ||
        index.size.number() >= static_cast<int64_t>(elements.size())) {
      return {};
    }
    gathered.push_back(elements[static_cast<size_t>(index.size.number())]);
  }
  return {Value::Of(std::move(gathered), indices.rank() == 0)};
}

// The element or slice of `params` along `axis` for each index; the first `batch` dimensions of
// both go together.
Value Gathered(const Operation& operation, const Value& params, const Value& indices, size_t axis,
               size_t batch) {
  Dims dims;
  Append(*params.dims, 0, axis, &dims);
  Append(*indices.dims, batch, indices.rank(), &dims);
  Append(*params.dims, axis + 1, params.rank(), &dims);
  if (!params.is_rows() && !indices.is_rows()) return Value::Fixed(std::move(dims));
  if (params.is_rows() && indices.is_rows()) {
    if (params.axis != indices.axis || params.axis >= batch || !params.HasSameRowsAs(indices)) {
      return operation.Against("looks rows up by those of others");
    }
    return params.WithDims(std::move(dims), params.axis);
  }
  if (indices.is_rows()) {
    if (indices.axis < batch) return operation.Against("looks up by the place of a row");
    return indices.WithDims(std::move(dims), axis + indices.axis - batch);
  }
  if (params.axis == axis) return operation.Against("picks some of the rows");
  if (params.axis < batch) return operation.Against("treats rows by their place");
  return params.WithDims(
      std::move(dims), params.axis < axis ? params.axis : params.axis + indices.rank() - batch - 1);
}

Values GatherAlong(const Operation& operation, const Value& params, const Value& indices,
                   size_t axis, size_t batch) {
  for (const Value* value : {&params, &indices}) {
    if (!value->is_rows() && !value->is_fixed()) return NoRule(operation);
  }
  if (!params.is_rows() && !indices.is_rows() && (!params.dims || !indices.dims))
    return {Value::Fixed()};
  if (!params.dims || !indices.dims) {
    return {operation.Against("gets a tensor beside the rows whose rank is not known")};
  }
  if (axis >= params.rank() || batch > axis || batch > indices.rank()) {
    return {operation.Against("gathers along an unknown axis")};
  }
  return {Gathered(operation, params, indices, axis, batch)};
}

Values Gather(const Operation& operation) {
  if (operation.count() != 2) return NoRule(operation);
  return GatherAlong(operation, operation.input(0), operation.input(1), 0, 0);
}

// params, indices, axis
Values GatherV2(const Operation& operation) {
  if (operation.count() != 3 || !operation.input(2).is_fixed()) return NoRule(operation);
  const Value& params = operation.input(0);
  const Value& indices = operation.input(1);
  size_t axis, batch;
  int64_t number;
  if (indices.is_fixed() && operation.Number(2, &number) && number == 0 &&
      operation.Int("batch_dims", 0) == 0) {
    Values values = GatherElements(params, indices);
    if (!values.empty()) return values;
  }
  if (!params.dims || !operation.Axis(2, params.rank(), &axis)) {
    // Whatever the rest of its shape.
    return params.is_fixed() && indices.is_fixed()
               ? Values{Value::Fixed()}
               : Values{operation.Against("gathers along an unknown axis")};
  }
  if (!indices.dims ||
      !operation.AxisOf(operation.Int("batch_dims", 0), indices.rank() + 1, &batch)) {
    return params.is_fixed() && indices.is_fixed()
               ? Values{Value::Fixed()}
               : Values{operation.Against("gathers in an unknown way")};
  }
  return GatherAlong(operation, params, indices, axis, batch);
}

// The last dimension of `indices` holds indexes of the first dimensions of `params`.
Values GatherNd(const Operation& operation) {
  if (operation.count() != 2 || operation.Int("batch_dims", 0) != 0) return NoRule(operation);
  const Value& params = operation.input(0);
  const Value& indices = operation.input(1);
  if (!params.is_fixed() || !indices.is_rows()) return NoRule(operation);
  if (!params.dims || indices.axis + 1 == indices.rank()) {
    return {operation.Against("looks up by the place of a row")};
  }
  const Size& depth = (*indices.dims)[indices.rank() - 1];
  if (!depth.is_number() || depth.number() < 0 ||
      depth.number() > static_cast<int64_t>(params.rank())) {
    return {operation.Against("gathers in an unknown way")};
  }
  Dims dims;
  Append(*indices.dims, 0, indices.rank() - 1, &dims);
  Append(*params.dims, static_cast<size_t>(depth.number()), params.rank(), &dims);
  return {indices.WithDims(std::move(dims), indices.axis)};
}

// A variable's handle stands for its value.
Values ResourceGather(const Operation& operation) {
  if (operation.count() != 2) return NoRule(operation);
  const int64_t batch = operation.Int("batch_dims", 0);
  if (batch < 0) return {operation.Against("gathers in an unknown way")};
  const size_t dims = static_cast<size_t>(batch);
  return GatherAlong(operation, operation.input(0), operation.input(1), dims, dims);
}

// table, keys, default: a value for each key.
Values Lookup(const Operation& operation) {
  if (operation.count() != 3 || !operation.input(0).is_fixed() || !operation.input(2).is_fixed()) {
    return NoRule(operation);
  }
  const Value& keys = operation.input(1);
  const Value& otherwise = operation.input(2);
  if (keys.is_fixed()) return {Value::Fixed(keys.dims)};
  if (!keys.is_rows()) return NoRule(operation);
  // Of dense tables, keys and values may have dimensions of their own.
  if (!otherwise.dims || otherwise.rank() != 0) {
    return {operation.Against("looks up values that are no single ones")};
  }
  return {keys.WithDims(*keys.dims, keys.axis)};
}

// Keys and values of these may have dimensions of their own.
Values DenseTable(const Operation& operation) {
  return {operation.Against("is a table whose keys may be tensors")};
}

// A variable's value, as its handle has its shape.
Values Read(const Operation& operation) {
  if (operation.count() != 1 || !operation.input(0).is_fixed()) return NoRule(operation);
  return {Value::Fixed(operation.input(0).dims)};
}

}  // namespace

const Rules& GatherRules() {
  static const Rules rules = {{"Gather", &Gather},
                              {"GatherNd", &GatherNd},
                              {"GatherV2", &GatherV2},
                              {"LookupTableFind", &Lookup},
                              {"LookupTableFindV2", &Lookup},
                              {"MutableDenseHashTable", &DenseTable},
                              {"MutableDenseHashTableV2", &DenseTable},
                              {"ReadVariableOp", &Read},
                              {"ResourceGather", &ResourceGather}};
  return rules;
}

}  // namespace tensorgate
