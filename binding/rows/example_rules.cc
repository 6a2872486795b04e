// Ops that parse strings: tf.Examples, lines of CSV, raw numbers.
#include <utility>

#include "graph/attr_value.h"
#include "rows/operation.h"

namespace tensorgate {
namespace {

// The shapes of dense features; false where one is not known in full.
bool DenseShapes(const Operation& operation, std::vector<std::optional<Dims>>* shapes) {
  const std::string_view* attr = operation.node().attr("dense_shapes");
  std::vector<std::string_view> protos;
  if (attr == nullptr || !ReadShapeListAttr(*attr, &protos)) return false;
  for (std::string_view proto : protos) {
    std::optional<Dims>& shape = shapes->emplace_back();
    std::vector<int64_t> sizes;
    if (!ReadDims(proto, &sizes)) continue;
    shape.emplace();
    for (int64_t size : sizes) {
      // A feature of any length is padded to the longest of the rows.
      if (size < 0) {
        shape.reset();
        break;
      }
      shape->emplace_back(size);
    }
  }
  return true;
}

// What comes of `serialized`: first `others` outputs that tell of the rows in ways we do not
// follow, then the dense ones, then such others again.
Values Parsed(const Operation& operation, size_t others, size_t others_after) {
  const Value& serialized = operation.input(0);
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  if (!serialized.is_rows()) return NoRule(operation);
  std::vector<std::optional<Dims>> shapes;
  if (serialized.rank() != 1 || !DenseShapes(operation, &shapes)) {
    return {operation.Against("parses in an unknown way")};
  }
  Values values(others, operation.Against("lists the values of all rows"));
  for (const std::optional<Dims>& shape : shapes) {
    if (!shape) {
      values.push_back(operation.Against("pads rows to the longest of them"));
      continue;
    }
    Dims dims = *serialized.dims;
    dims.insert(dims.end(), shape->begin(), shape->end());
    values.push_back(serialized.WithDims(std::move(dims), 0));
  }
  values.resize(values.size() + others_after, operation.Against("lists the values of all rows"));
  return values;
}

// Outputs: sparse indices, values and shapes, dense values, ragged values and row splits.
Values ParseExampleV2(const Operation& operation) {
  const int64_t sparse = operation.Int("num_sparse", -1);
  if (operation.count() < 6 || sparse < 0 || sparse > 100'000) return NoRule(operation);
  size_t ragged = 0;
  for (std::string_view name : {"ragged_value_types", "ragged_split_types"}) {
    const std::string_view* attr = operation.node().attr(name);
    std::vector<DataType> types;
    if (attr != nullptr && ReadTypeListAttr(*attr, &types)) ragged += types.size();
  }
  return Parsed(operation, 3 * static_cast<size_t>(sparse), ragged);
}

// Outputs: sparse indices, values and shapes, dense values.
Values ParseExample(const Operation& operation) {
  const int64_t sparse = operation.Int("Nsparse", -1);
  if (operation.count() < 2 || sparse < 0 || sparse > 100'000) return NoRule(operation);
  return Parsed(operation, 3 * static_cast<size_t>(sparse), 0);
}

// records, defaults: a tensor of the records' shape for each column.
Values DecodeCsv(const Operation& operation) {
  const Value& records = operation.input(0);
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  return records.is_rows() ? Values{records.WithDims(*records.dims, records.axis)}
                           : NoRule(operation);
}

// Every string must be of one length; its numbers become a further dimension.
Values DecodeRaw(const Operation& operation) {
  const Value& bytes = operation.input(0);
  for (size_t i = 1; i < operation.count(); ++i) {
    if (!operation.input(i).is_fixed()) return NoRule(operation);
  }
  if (!bytes.is_rows()) return NoRule(operation);
  Dims dims = *bytes.dims;
  dims.push_back(operation.Unknown(0));
  return {bytes.WithDims(std::move(dims), bytes.axis)};
}

}  // namespace

const Rules& ExampleRules() {
  static const Rules rules = {{"DecodeCSV", &DecodeCsv},
                              {"DecodePaddedRaw", &DecodeRaw},
                              {"DecodeRaw", &DecodeRaw},
                              {"ParseExample", &ParseExample},
                              {"ParseExampleV2", &ParseExampleV2}};
  return rules;
}

}  // namespace tensorgate
