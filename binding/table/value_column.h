// ValueColumn: what one output has for each row of a table, as it goes into a tensor.
// THREAD: filled by one; then any number may gather.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "status/status.h"
#include "table/cell.h"
#include "table/memory_region.h"
#include "table/string_column.h"
#include "tensor/tensor.h"

namespace tensorgate {

class ValueColumn {
 public:
  enum class Source { kStored, kRowNumber };

  // `row_dims`: the shape of a row's part; empty: a single value.
  ValueColumn(Source source, DataType dtype, std::vector<int64_t> row_dims);

  // What unknown keys get: one value for all elements of a row, or one for each.
  // ERRORS: INVALID_ARGUMENT without a place.
  Status SetDefault(const std::vector<std::string>& texts);

  // The cells of the next row. ERRORS: INVALID_ARGUMENT without a place, with `*cell` the one that
  // was wrong; RESOURCE_EXHAUSTED. REQUIRES: kStored.
  Status Append(const Cell* cells, size_t* cell);

  // The rows lie in `region` from `offset` on. REQUIRES: kStored, a dtype of fixed size.
  void Adopt(MemoryRegion region, size_t offset);

  void Trim();

  // The rows of those numbers into a tensor of `key_dims` with row_dims() behind; a row below 0 is
  // the default. OWNERSHIP: strings stay the column's.
  // ERRORS: RESOURCE_EXHAUSTED when the tensor takes more than `*budget` bytes, which are taken
  // from it, or memory is out. REQUIRES: rows that are there; has_default() where one is below 0.
  Status Gather(const std::vector<int64_t>& rows, std::vector<int64_t> key_dims, size_t* budget,
                Tensor* tensor) const;

  bool has_default() const { return has_default_; }
  DataType dtype() const { return dtype_; }
  const std::vector<int64_t>& row_dims() const { return row_dims_; }
  size_t width() const { return width_; }  // elements of a row
  uint64_t own_bytes() const;
  uint64_t file_bytes() const;

 private:
  void GatherRowNumbers(const std::vector<int64_t>& rows, uint8_t* to) const;
  void GatherElements(const std::vector<int64_t>& rows, uint8_t* to) const;
  Status GatherStrings(const std::vector<int64_t>& rows, size_t* budget, Tensor* tensor) const;

  Source source_;
  DataType dtype_;
  std::vector<int64_t> row_dims_;
  size_t width_ = 1;
  size_t row_bytes_ = 0;  // of types with a fixed size
  MemoryRegion elements_;
  size_t offset_ = 0;  // of the first row in `elements_`
  StringColumn strings_;
  bool has_default_ = false;
  std::vector<uint8_t> default_elements_;
  std::vector<std::string> default_strings_;
};

}  // namespace tensorgate
