// RowReader: the rows of a text file, whatever its format, as cells in the order in which the table
// wants them. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "status/status.h"
#include "table/cell.h"
#include "table/table_config.h"
#include "table/table_file.h"

namespace tensorgate {

class RowReader {
 public:
  virtual ~RowReader() = default;

  // Reads up to the first row. `row_dims`: the shape of each output's part of a row; those of row
  // numbers stay as they are. ERRORS: INVALID_ARGUMENT when the file has no row, or lacks a column.
  virtual Status Open(std::vector<std::vector<int64_t>>* row_dims) = 0;

  // The next row's key, then the values of each output in turn, or `*ended`.
  // OWNERSHIP: the texts are valid until the next call.
  // ERRORS: INVALID_ARGUMENT with the line; those of TableFile.
  virtual Status Next(std::vector<Cell>* cells, bool* ended) = 0;

  // What is wrong with a cell of the row that Next() gave.
  virtual Status Refused(size_t cell, const std::string& what) const = 0;
};

// OWNERSHIP: both borrow what they are given.
std::unique_ptr<RowReader> MakeCsvRows(const TableFile* file, const TableConfig& config);
std::unique_ptr<RowReader> MakeJsonRows(const TableFile* file, const TableConfig& config);

}  // namespace tensorgate
