// How a Table is made of its files: text rows, a matrix with or without a vocabulary, a vocabulary
// by itself.
#include <algorithm>
#include <cstring>
#include <utility>

#include "table/npy_header.h"
#include "table/row_reader.h"
#include "table/table.h"
#include "table/text_window.h"

namespace tensorgate {
namespace {

constexpr char kFileField[] = "file";
constexpr char kVocabularyField[] = "vocabulary_file";

}  // namespace

class TableLoad {
 public:
  TableLoad(const std::string& folder, const TableLoadOptions& options, Table* table)
      : folder_(folder), options_(options), table_(table), config_(table->config_) {}

  Status Run() {
    if (config_.num_oov_buckets > 0 && !options_.oov_buckets) {
      return Status(Code::kFailedPrecondition,
                    folder_ + "/table.pbtxt: num_oov_buckets: there is no hash for them");
    }
    table_->oov_buckets_ = options_.oov_buckets;
    row_dims_.resize(config_.outputs.size());
    TableFile file(options_.is_stopped);
    Status status = file.Open(folder_, config_.file, kFileField);
    if (!status.ok()) return status;
    switch (config_.format) {
      case TableFormat::kNpy:
        return LoadMatrix(file);
      case TableFormat::kVocabulary:
        status = LoadVocabulary(file);
        return status.ok() ? MakeColumns() : status;
      default:
        return LoadRows(file);
    }
  }

 private:
  Status LoadRows(const TableFile& file) {
    const std::unique_ptr<RowReader> reader = config_.format == TableFormat::kJsonLines
                                                  ? MakeJsonRows(&file, config_)
                                                  : MakeCsvRows(&file, config_);
    Status status = reader->Open(&row_dims_);
    if (status.ok()) status = MakeColumns();
    std::vector<Cell> cells;
    while (status.ok()) {
      bool ended = false;
      status = reader->Next(&cells, &ended);
      if (!status.ok() || ended) break;
      status = AppendRow(*reader, cells);
    }
    if (!status.ok()) return status;
    for (ValueColumn& column : table_->columns_) column.Trim();
    return table_->keys_.Index(config_.duplicate_keys, file, "row");
  }

  Status AppendRow(const RowReader& reader, const std::vector<Cell>& cells) {
    Status status = table_->keys_.Append(cells[0]);
    if (!status.ok()) return reader.Refused(0, status.message());
    size_t at = 1;
    for (size_t i = 0; i < table_->columns_.size(); ++i) {
      if (config_.outputs[i].row_number) continue;
      size_t cell = 0;
      status = table_->columns_[i].Append(cells.data() + at, &cell);
      if (!status.ok()) return reader.Refused(at + cell, status.message());
      at += table_->columns_[i].width();
    }
    return Status();
  }

  // One key a line.
  Status LoadVocabulary(const TableFile& file) {
    if (file.size() == 0) return file.Refused(0, "expected at least one key, got an empty file");
    TextWindow window(&file);
    while (true) {
      const char* const begin = window.begin();
      const size_t read = static_cast<size_t>(window.end() - begin);
      const void* const newline = read == 0 ? nullptr : std::memchr(begin, '\n', read);
      if (newline == nullptr && !window.is_last()) {
        Status status = window.More();
        if (!status.ok()) return status;
        continue;
      }
      if (read == 0) break;
      const char* const end = newline == nullptr ? begin + read : static_cast<const char*>(newline);
      const size_t bytes = static_cast<size_t>(end - begin);
      const bool has_return = newline != nullptr && bytes > 0 && end[-1] == '\r';
      const std::string_view text(begin, has_return ? bytes - 1 : bytes);
      Status status = table_->keys_.Append({text, CellKind::kText});
      if (!status.ok()) return file.Refused(window.line(), status.message());
      window.Take(bytes + (newline == nullptr ? 0 : 1), 1);
    }
    return table_->keys_.Index(config_.duplicate_keys, file, "line");
  }

  Status LoadMatrix(const TableFile& file) {
    NpyHeader header;
    Status status = ReadHeader(file, &header);
    if (!status.ok()) return status;
    const uint64_t rows = static_cast<uint64_t>(header.shape[0]);
    if (config_.vocabulary_file.empty()) {
      table_->keys_.UseRowNumbers(rows);
    } else {
      TableFile vocabulary(options_.is_stopped);
      status = vocabulary.Open(folder_, config_.vocabulary_file, kVocabularyField);
      if (status.ok()) status = LoadVocabulary(vocabulary);
      if (!status.ok()) return status;
      const uint64_t expected =
          table_->keys_.size() + static_cast<uint64_t>(config_.num_oov_buckets);
      if (rows != expected) {
        return file.Refused(0, "expected " + std::to_string(expected) + " rows, one for each of " +
                                   std::to_string(table_->keys_.size()) + " keys in " +
                                   Quoted(config_.vocabulary_file) + " and of " +
                                   std::to_string(config_.num_oov_buckets) +
                                   " num_oov_buckets, got " + std::to_string(rows));
      }
    }
    const std::vector<int64_t> row_dims(header.shape.begin() + 1, header.shape.end());
    for (size_t i = 0; i < config_.outputs.size(); ++i) {
      TableOutputConfig& output = table_->config_.outputs[i];
      if (output.row_number) continue;
      if (output.dtype == DataType::kInvalid) output.dtype = header.dtype;
      if (output.dtype != header.dtype) {
        return file.Refused(0, "expected elements of type " + DataTypeName(output.dtype) +
                                   " as in output " + Quoted(output.name) + ", got " +
                                   DataTypeName(header.dtype));
      }
      row_dims_[i] = row_dims;
    }
    status = MakeColumns();
    return status.ok() ? LoadElements(file, header) : status;
  }

  Status ReadHeader(const TableFile& file, NpyHeader* header) const {
    std::string begin(std::min<uint64_t>(kMaxNpyHeaderBytes, file.size()), '\0');
    size_t read = 0;
    Status status = file.ReadAt(0, begin.data(), begin.size(), &read);
    if (!status.ok()) return status;
    std::string problem;
    if (!ParseNpyHeader({begin.data(), read}, header, &problem)) return file.Refused(0, problem);
    const uint64_t expected = header->data_offset + header->data_bytes;
    if (file.size() != expected) {
      return file.Refused(Code::kDataLoss, "expected " + std::to_string(expected) +
                                               " bytes by its header, got " +
                                               std::to_string(file.size()));
    }
    return header->shape[0] > 0 ? Status() : file.Refused(0, "expected at least one row, got none");
  }

  Status LoadElements(const TableFile& file, const NpyHeader& header) {
    const auto output = std::find_if(config_.outputs.begin(), config_.outputs.end(),
                                     [](const auto& one) { return !one.row_number; });
    if (output == config_.outputs.end()) return Status();
    MemoryRegion elements;
    const bool is_mapped = config_.memory_map;
    Status status = is_mapped ? file.Map(&elements) : file.ReadAll(header.data_offset, &elements);
    if (!status.ok()) return status;
    const size_t offset = is_mapped ? header.data_offset : 0;
    const MemoryRegion& read = elements;
    if (header.dtype == DataType::kBool &&
        !std::all_of(read.data() + offset, read.data() + offset + header.data_bytes,
                     [](uint8_t value) { return value <= 1; })) {
      return file.Refused(0, "expected bools of 0 or 1, got another value");
    }
    table_->columns_[static_cast<size_t>(output - config_.outputs.begin())].Adopt(
        std::move(elements), offset);
    return Status();
  }

  // REQUIRES: the shapes of rows are known.
  Status MakeColumns() {
    for (size_t i = 0; i < config_.outputs.size(); ++i) {
      const TableOutputConfig& output = config_.outputs[i];
      ValueColumn& column = table_->columns_.emplace_back(
          output.row_number ? ValueColumn::Source::kRowNumber : ValueColumn::Source::kStored,
          output.dtype, row_dims_[i]);
      Status status = column.SetDefault(output.default_value);
      if (!status.ok()) {
        return InvalidArgument(folder_ + "/table.pbtxt: output " + Quoted(output.name) +
                               ": default_value: " + status.message());
      }
      table_->outputs_.push_back({output.name, output.dtype, row_dims_[i]});
    }
    return Status();
  }

  const std::string& folder_;
  const TableLoadOptions& options_;
  Table* const table_;
  const TableConfig& config_;                   // the table's
  std::vector<std::vector<int64_t>> row_dims_;  // of the outputs
};

Status Table::Load(TableConfig config, const std::string& folder, const TableLoadOptions& options,
                   std::unique_ptr<const Table>* table) {
  Status status = CompleteTableConfig(folder, &config);
  if (!status.ok()) return status;
  std::unique_ptr<Table> loaded(new Table(std::move(config)));
  status = TableLoad(folder, options, loaded.get()).Run();
  if (status.ok()) status = loaded->CheckRowNumbers(folder);
  if (status.ok()) *table = std::move(loaded);
  return status;
}

// A row number of DT_INT32 must hold that of the last out-of-vocabulary bucket.
Status Table::CheckRowNumbers(const std::string& folder) const {
  const uint64_t numbers = rows() + static_cast<uint64_t>(config_.num_oov_buckets);
  for (const TableOutputConfig& output : config_.outputs) {
    if (!output.row_number || output.dtype != DataType::kInt32 || numbers <= INT32_MAX) continue;
    return InvalidArgument(folder + "/table.pbtxt: output " + Quoted(output.name) +
                           ": expected DT_INT64 for " + std::to_string(numbers) +
                           " row numbers, got DT_INT32");
  }
  return Status();
}

}  // namespace tensorgate
