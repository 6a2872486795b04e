// CsvReader: the records of a CSV or TSV file. With quotes it is RFC 4180, where a record may go
// over several lines; without, every other byte is part of its field. Lines end in \n or \r\n.
// One thread at a time.
#pragma once

#include <string_view>
#include <vector>

#include "status/status.h"
#include "table/table_file.h"
#include "table/text_window.h"

namespace tensorgate {

class CsvReader {
 public:
  // OWNERSHIP: borrows `file`.
  CsvReader(const TableFile* file, char separator, bool has_quotes)
      : file_(file), window_(file), separator_(separator), has_quotes_(has_quotes) {}

  // The next record's fields, or `*ended`. An empty line is a record of one empty field.
  // OWNERSHIP: the fields are valid until the next call.
  // ERRORS: INVALID_ARGUMENT with the line; those of TableFile.
  Status Next(std::vector<std::string_view>* fields, bool* ended);

  uint64_t line() const { return line_; }  // where the last record began, from 1

 private:
  enum class Outcome { kRecord, kNeedsMore, kMalformed };
  struct Field {
    char* begin;
    char* end;
    bool has_doubled_quotes;
  };

  Outcome Scan(char* begin, char* end);
  Outcome ScanQuoted(char** cursor, char* end, Field* field);
  bool IsRecordEnd(const char* at, const char* end) const;

  const TableFile* const file_;
  TextWindow window_;
  const char separator_;
  const bool has_quotes_;
  std::vector<Field> fields_;  // of the record that is scanned
  size_t bytes_ = 0;           // that it takes
  uint64_t lines_ = 0;
  const char* problem_ = nullptr;
  uint64_t line_ = 0;
  bool is_at_start_ = true;
};

}  // namespace tensorgate
