// The rows of CSV and TSV files. Columns go by the names of the header row, or without one by their
// numbers from 0.
#include <algorithm>
#include <charconv>
#include <string_view>

#include "table/csv_reader.h"
#include "table/row_reader.h"

namespace tensorgate {
namespace {

class CsvRows : public RowReader {
 public:
  CsvRows(const TableFile* file, const TableConfig& config)
      : file_(file),
        config_(config),
        reader_(file, config.format == TableFormat::kTsv ? '\t' : ',',
                config.format == TableFormat::kCsv) {}

  Status Open(std::vector<std::vector<int64_t>>* row_dims) override {
    if (config_.header_row) {
      Status status = reader_.Next(&fields_, &ended_);
      if (!status.ok()) return status;
      names_.assign(fields_.begin(), fields_.end());
    }
    Status status = reader_.Next(&fields_, &ended_);
    if (!status.ok()) return status;
    if (ended_) return file_->Refused(0, "expected at least one row, got none");
    columns_ = config_.header_row ? names_.size() : fields_.size();
    shape_line_ = config_.header_row ? 1 : reader_.line();
    if (config_.format == TableFormat::kSimpleCsv && columns_ != 2) {
      return file_->Refused(1, "expected 2 fields, got " + std::to_string(columns_));
    }
    return SelectColumns(row_dims);
  }

  Status Next(std::vector<Cell>* cells, bool* ended) override {
    if (!is_first_) {
      Status status = reader_.Next(&fields_, &ended_);
      if (!status.ok()) return status;
    }
    is_first_ = false;
    *ended = ended_;
    if (ended_) return Status();
    if (fields_.size() != columns_) {
      return file_->Refused(reader_.line(), "expected " + std::to_string(columns_) +
                                                " fields as in line " +
                                                std::to_string(shape_line_) + ", got " +
                                                std::to_string(fields_.size()));
    }
    cells->clear();
    for (const size_t column : selected_) cells->push_back({fields_[column], CellKind::kText});
    return Status();
  }

  Status Refused(size_t cell, const std::string& what) const override {
    return file_->Refused(reader_.line(), "column " + ColumnText(selected_[cell]) + ": " + what);
  }

 private:
  std::string ColumnText(size_t column) const {
    return config_.header_row ? Quoted(names_[column]) : std::to_string(column);
  }

  Status FindColumn(const std::string& column, size_t* index) const {
    if (config_.header_row) {
      const auto found = std::find(names_.begin(), names_.end(), column);
      if (found != names_.end() && std::find(found + 1, names_.end(), column) == names_.end()) {
        *index = static_cast<size_t>(found - names_.begin());
        return Status();
      }
      return file_->Refused(
          1, std::string(found == names_.end() ? "expected" : "expected only one") + " column " +
                 Quoted(column) + ", got " + HeaderText());
    }
    const char* const end = column.data() + column.size();
    const auto result = std::from_chars(column.data(), end, *index);
    if (result.ec == std::errc() && result.ptr == end && *index < columns_) return Status();
    return file_->Refused(shape_line_, "expected the number of a column below " +
                                           std::to_string(columns_) +
                                           " where there is no header_row, got " + Quoted(column));
  }

  std::string HeaderText() const {
    std::string text;
    for (size_t i = 0; i < names_.size() && i < 8; ++i) {
      text += (i == 0 ? "" : ", ") + Quoted(names_[i]);
    }
    return names_.size() > 8 ? text + ", ..." : text;
  }

  Status SelectColumns(std::vector<std::vector<int64_t>>* row_dims) {
    std::vector<bool> is_taken(columns_, false);
    size_t key = 0;
    if (!config_.key.column.empty()) {
      Status status = FindColumn(config_.key.column, &key);
      if (!status.ok()) return status;
    }
    is_taken[key] = true;
    std::vector<std::vector<size_t>> columns(config_.outputs.size());
    for (size_t i = 0; i < columns.size(); ++i) {
      for (const std::string& name : config_.outputs[i].columns) {
        size_t column = 0;
        Status status = FindColumn(name, &column);
        if (!status.ok()) return status;
        columns[i].push_back(column);
        is_taken[column] = true;
      }
    }
    selected_ = {key};
    for (size_t i = 0; i < columns.size(); ++i) {
      if (config_.outputs[i].row_number) continue;
      for (size_t column = 0; config_.outputs[i].columns.empty() && column < columns_; ++column) {
        if (!is_taken[column]) columns[i].push_back(column);
      }
      if (columns[i].empty()) {
        return file_->Refused(shape_line_, "expected columns for the output " +
                                               Quoted(config_.outputs[i].name) + ", got " +
                                               std::to_string(columns_) + ", all of them taken");
      }
      if (columns[i].size() > 1) (*row_dims)[i] = {static_cast<int64_t>(columns[i].size())};
      selected_.insert(selected_.end(), columns[i].begin(), columns[i].end());
    }
    return Status();
  }

  const TableFile* const file_;
  const TableConfig& config_;
  CsvReader reader_;
  std::vector<std::string> names_;
  std::vector<std::string_view> fields_;
  std::vector<size_t> selected_;  // the columns of the cells
  size_t columns_ = 0;
  uint64_t shape_line_ = 0;  // that says how many columns there are
  bool is_first_ = true;     // `fields_` are still those of the first row
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<RowReader> MakeCsvRows(const TableFile* file, const TableConfig& config) {
  return std::make_unique<CsvRows>(file, config);
}

}  // namespace tensorgate
