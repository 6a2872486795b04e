// TableConfig: what a table.pbtxt says of a lookup table, field for field
// (protos/tensorgate/table.proto, which explains them). Filled by the caller, completed by
// Table::Load. A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "status/status.h"
#include "tensor/dtype.h"

namespace tensorgate {

enum class TableFormat { kCsv, kTsv, kSimpleCsv, kJsonLines, kNpy, kVocabulary };

// kDefault: refused; of kSimpleCsv the first is kept, as upstream's hashmap does.
enum class DuplicateKeys { kDefault, kRefuse, kKeepFirst, kKeepLast };

struct TableKeyConfig {
  std::string name = "keys";            // of the input
  std::string column;                   // empty: the first column, the member "key"
  DataType dtype = DataType::kInvalid;  // kInvalid: DT_STRING; of row numbers DT_INT64
};

struct TableOutputConfig {
  std::string name = "values";
  std::vector<std::string> columns;     // empty: all that no one else has, the member `name`
  DataType dtype = DataType::kInvalid;  // kInvalid: DT_FLOAT, or what the format implies
  std::vector<std::string> default_value;
  bool row_number = false;
};

struct TableConfig {
  TableFormat format = TableFormat::kCsv;
  std::string file;
  std::string vocabulary_file;
  bool header_row = false;
  TableKeyConfig key;
  std::vector<TableOutputConfig> outputs;  // empty: one, all defaults
  DuplicateKeys duplicate_keys = DuplicateKeys::kDefault;
  int64_t num_oov_buckets = 0;
  bool memory_map = false;
};

// Puts in what may be left out, and checks what can be checked without the files.
// ERRORS: INVALID_ARGUMENT "<folder>/table.pbtxt: <field>: expected ..., got ...".
Status CompleteTableConfig(const std::string& folder, TableConfig* config);

}  // namespace tensorgate
