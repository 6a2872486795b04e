// TableKeys: the keys of a table's rows, and the rows of keys.
// THREAD: filled by one; then any number may look up.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "status/status.h"
#include "table/cell.h"
#include "table/key_index.h"
#include "table/string_column.h"
#include "table/table_config.h"
#include "table/table_file.h"
#include "tensor/tensor.h"

namespace tensorgate {

class TableKeys {
 public:
  static constexpr int64_t kUnknown = KeyIndex::kNone;

  // `dtype`: kString, kInt64 or kInt32.
  explicit TableKeys(DataType dtype) : dtype_(dtype) {}

  // Of the next row. ERRORS: INVALID_ARGUMENT without a place when it is no key of that type;
  // RESOURCE_EXHAUSTED.
  Status Append(const Cell& cell);

  // Makes the index of all keys that were appended. `row_name`: "line" or "row", for errors.
  // ERRORS: INVALID_ARGUMENT when a key is there twice and must not; those of TableFile.
  Status Index(DuplicateKeys duplicates, const TableFile& file, const char* row_name);

  // The numbers from 0 on are the keys, instead. REQUIRES: kInt64 or kInt32.
  void UseRowNumbers(uint64_t rows) {
    are_row_numbers_ = true;
    size_ = rows;
  }

  // The row of each key, or kUnknown. REQUIRES: the dtype is the keys'.
  void Find(const TensorView& keys, int64_t* rows) const;

  DataType dtype() const { return dtype_; }
  uint64_t size() const { return size_; }  // rows
  uint64_t bytes() const { return index_.bytes(); }

 private:
  Status AddAll(DuplicateKeys duplicates, const TableFile& file, const char* row_name, bool* fits);
  template <typename KeyAt>
  void FindEach(const KeyAt& key_at, int64_t count, int64_t* rows) const;
  std::string TextOf(std::string_view key) const;

  const DataType dtype_;
  StringColumn pending_;  // until they are indexed; integers as their 8 bytes
  uint64_t size_ = 0;
  bool are_row_numbers_ = false;
  KeyIndex index_;
};

// The key at `index` as text: what out-of-vocabulary buckets are hashed of, and errors show.
std::string KeyText(const TensorView& keys, int64_t index);

}  // namespace tensorgate
