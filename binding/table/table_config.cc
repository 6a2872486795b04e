#include "table/table_config.h"

#include "table/cell.h"

namespace tensorgate {
namespace {

// Bucket numbers are row numbers behind those of the keys.
constexpr int64_t kMaxOovBuckets = int64_t{1} << 40;

const char* FormatName(TableFormat format) {
  switch (format) {
    case TableFormat::kCsv:
      return "CSV";
    case TableFormat::kTsv:
      return "TSV";
    case TableFormat::kSimpleCsv:
      return "SIMPLE_CSV";
    case TableFormat::kJsonLines:
      return "JSON_LINES";
    case TableFormat::kNpy:
      return "NPY";
    case TableFormat::kVocabulary:
      return "VOCABULARY";
  }
  return "";
}

class ConfigCheck {
 public:
  ConfigCheck(const std::string& folder, TableConfig* config) : folder_(folder), config_(config) {}

  Status Run() {
    if (config_->outputs.empty()) config_->outputs.emplace_back();
    if (config_->duplicate_keys == DuplicateKeys::kDefault) {
      config_->duplicate_keys =
          format() == TableFormat::kSimpleCsv ? DuplicateKeys::kKeepFirst : DuplicateKeys::kRefuse;
    }
    if (config_->file.empty()) return Refused("file", "expected the name of a file, got none");
    if (config_->header_row && format() != TableFormat::kCsv && format() != TableFormat::kTsv) {
      return RefusedFor("header_row", "CSV and TSV");
    }
    if (!config_->vocabulary_file.empty() && format() != TableFormat::kNpy) {
      return RefusedFor("vocabulary_file", "NPY");
    }
    if (config_->memory_map && format() != TableFormat::kNpy) {
      return RefusedFor("memory_map", "NPY");
    }
    Status status = CheckKey();
    if (status.ok()) status = CheckOovBuckets();
    if (status.ok()) status = CheckOutputs();
    return status;
  }

 private:
  TableFormat format() const { return config_->format; }
  // The file's rows are told apart by their place.
  bool HasRowNumbersOnly() const {
    return format() == TableFormat::kNpy || format() == TableFormat::kVocabulary;
  }
  bool HasColumns() const { return !HasRowNumbersOnly() && format() != TableFormat::kSimpleCsv; }

  Status Refused(const std::string& field, const std::string& what) const {
    return InvalidArgument(folder_ + "/table.pbtxt: " + field + ": " + what);
  }
  Status RefusedFor(const std::string& field, const std::string& formats) const {
    return Refused(field,
                   "expected with the format " + formats + " only, got " + FormatName(format()));
  }

  Status CheckKey() {
    TableKeyConfig& key = config_->key;
    const bool are_row_numbers = format() == TableFormat::kNpy && config_->vocabulary_file.empty();
    if (key.name.empty()) return Refused("key.name", "expected a name, got none");
    if (!key.column.empty() && !HasColumns()) {
      return RefusedFor("key.column", "CSV, TSV and JSON_LINES");
    }
    if (key.dtype == DataType::kInvalid) {
      key.dtype = are_row_numbers ? DataType::kInt64 : DataType::kString;
    }
    if (key.dtype == DataType::kString && are_row_numbers) {
      return Refused("key.dtype",
                     "expected DT_INT64 or DT_INT32 for row numbers as keys, since "
                     "there is no vocabulary_file, got DT_STRING");
    }
    if (key.dtype != DataType::kString && key.dtype != DataType::kInt64 &&
        key.dtype != DataType::kInt32) {
      return Refused("key.dtype",
                     "expected DT_STRING, DT_INT64 or DT_INT32, got " + DataTypeName(key.dtype));
    }
    return Status();
  }

  Status CheckOovBuckets() const {
    const int64_t buckets = config_->num_oov_buckets;
    if (buckets < 0 || buckets > kMaxOovBuckets) {
      return Refused("num_oov_buckets", "expected 0 to " + std::to_string(kMaxOovBuckets) +
                                            ", got " + std::to_string(buckets));
    }
    if (buckets > 0 && format() != TableFormat::kVocabulary && config_->vocabulary_file.empty()) {
      return Refused("num_oov_buckets", "expected with a vocabulary only");
    }
    return Status();
  }

  Status CheckOutputs() {
    size_t unnamed = 0;  // outputs that take what no one else has
    for (size_t i = 0; i < config_->outputs.size(); ++i) {
      TableOutputConfig& output = config_->outputs[i];
      const std::string field = "output " + Quoted(output.name);
      if (output.name.empty()) return Refused("output.name", "expected a name, got none");
      for (size_t before = 0; before < i; ++before) {
        if (config_->outputs[before].name == output.name) {
          return Refused(field, "expected each name once, got it twice");
        }
      }
      if (format() == TableFormat::kVocabulary) output.row_number = true;
      if (!output.columns.empty() && (!HasColumns() || output.row_number)) {
        return Refused(field,
                       "expected columns with the format CSV, TSV and JSON_LINES only, and "
                       "not with row_number");
      }
      if (!output.default_value.empty() && config_->num_oov_buckets > 0) {
        return Refused(field, "expected num_oov_buckets or default_value, got both");
      }
      Status status = CheckType(field, &output);
      if (!status.ok()) return status;
      unnamed += !output.row_number && output.columns.empty();
    }
    if (unnamed > 1 && format() != TableFormat::kJsonLines) {
      return Refused("output", "expected columns for all outputs but one, got " +
                                   std::to_string(unnamed) + " without");
    }
    return Status();
  }

  Status CheckType(const std::string& field, TableOutputConfig* output) const {
    if (output->row_number) {
      if (output->dtype == DataType::kInvalid) output->dtype = DataType::kInt64;
      if (output->dtype == DataType::kInt64 || output->dtype == DataType::kInt32) return Status();
      return Refused(field, "expected DT_INT64 or DT_INT32 for row numbers, got " +
                                DataTypeName(output->dtype));
    }
    if (format() == TableFormat::kNpy) return Status();  // the file says
    if (output->dtype == DataType::kInvalid) {
      output->dtype = format() == TableFormat::kSimpleCsv ? DataType::kString : DataType::kFloat;
    }
    if (IsCellType(output->dtype)) return Status();
    return Refused(field,
                   "expected a type that text is read as: string, bool, float, double or an "
                   "integer, got " +
                       DataTypeName(output->dtype));
  }

  const std::string& folder_;
  TableConfig* const config_;
};

}  // namespace

Status CompleteTableConfig(const std::string& folder, TableConfig* config) {
  return ConfigCheck(folder, config).Run();
}

}  // namespace tensorgate
