// TextWindow: a text file record by record, without holding it whole: a window of it that moves on,
// and grows where a record is longer. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "status/status.h"
#include "table/table_file.h"

namespace tensorgate {

class TextWindow {
 public:
  // OWNERSHIP: borrows `file`.
  explicit TextWindow(const TableFile* file) : file_(file) {}

  // What has been read and not been taken. Moves with More().
  char* begin() { return text_.data() + taken_; }
  char* end() { return text_.data() + text_.size(); }
  bool is_last() const { return is_last_; }  // nothing follows end()
  uint64_t line() const { return line_; }    // of begin(), from 1

  // Reads on. ERRORS: those of TableFile; INVALID_ARGUMENT when what was not taken, one record, is
  // longer than kMaxRecordBytes.
  Status More();

  // Moves on behind a record of so many lines.
  void Take(size_t bytes, uint64_t lines) {
    taken_ += bytes;
    line_ += lines;
  }

 private:
  static constexpr size_t kStepBytes = size_t{1} << 20;
  static constexpr size_t kMaxRecordBytes = size_t{64} << 20;

  const TableFile* const file_;
  std::string text_;
  size_t taken_ = 0;
  uint64_t offset_ = 0;  // in the file, of end()
  uint64_t line_ = 1;
  bool is_last_ = false;
};

}  // namespace tensorgate
