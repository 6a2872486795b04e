#include "table/csv_reader.h"

#include <cstring>

namespace tensorgate {
namespace {

// In place: the value is shorter than its text.
char* UndoubleQuotes(char* begin, char* end) {
  char* to = begin;
  for (char* from = begin; from != end; ++from) {
    *to++ = *from;
    if (*from == '"') ++from;  // the second of two
  }
  return to;
}

}  // namespace

Status CsvReader::Next(std::vector<std::string_view>* fields, bool* ended) {
  fields->clear();
  *ended = false;
  line_ = window_.line();
  Outcome outcome = Outcome::kNeedsMore;
  if (window_.begin() != window_.end()) outcome = Scan(window_.begin(), window_.end());
  while (outcome == Outcome::kNeedsMore) {
    if (window_.is_last() && window_.begin() == window_.end()) {
      *ended = true;
      return Status();
    }
    Status status = window_.More();
    if (!status.ok()) return status;
    if (is_at_start_ && window_.end() - window_.begin() >= 3 &&
        std::memcmp(window_.begin(), "\xef\xbb\xbf", 3) == 0) {
      window_.Take(3, 0);
    }
    is_at_start_ = false;
    if (window_.begin() != window_.end()) outcome = Scan(window_.begin(), window_.end());
  }
  if (outcome == Outcome::kMalformed) return file_->Refused(line_ + lines_, problem_);
  for (const Field& field : fields_) {
    char* const end = field.has_doubled_quotes ? UndoubleQuotes(field.begin, field.end) : field.end;
    fields->emplace_back(field.begin, static_cast<size_t>(end - field.begin));
  }
  window_.Take(bytes_, lines_);
  return Status();
}

bool CsvReader::IsRecordEnd(const char* at, const char* end) const {
  return *at == '\n' || (*at == '\r' && at + 1 != end && at[1] == '\n');
}

// From the opening quote to behind the closing one.
CsvReader::Outcome CsvReader::ScanQuoted(char** cursor, char* end, Field* field) {
  char* p = *cursor + 1;
  *field = {p, p, false};
  while (true) {
    for (; p != end && *p != '"'; ++p) lines_ += *p == '\n';
    if (p == end || (p + 1 == end && !window_.is_last())) {
      if (!window_.is_last()) return Outcome::kNeedsMore;
      problem_ = "expected a closing quote, got the end of the file";
      return Outcome::kMalformed;
    }
    if (p + 1 == end || p[1] != '"') break;
    field->has_doubled_quotes = true;
    p += 2;
  }
  field->end = p;
  *cursor = p + 1;
  return Outcome::kRecord;
}

CsvReader::Outcome CsvReader::Scan(char* const begin, char* const end) {
  fields_.clear();
  lines_ = 0;
  for (char* p = begin;;) {
    Field field = {p, p, false};
    if (has_quotes_ && p != end && *p == '"') {
      const Outcome outcome = ScanQuoted(&p, end, &field);
      if (outcome != Outcome::kRecord) return outcome;
      if (p == end && !window_.is_last()) return Outcome::kNeedsMore;
      // A \r at the end of what was read may belong to a \n.
      if (p != end && *p == '\r' && p + 1 == end && !window_.is_last()) return Outcome::kNeedsMore;
      if (p != end && *p != separator_ && !IsRecordEnd(p, end)) {
        problem_ = "expected a separator or the end of the line behind a closing quote";
        return Outcome::kMalformed;
      }
    } else {
      while (p != end && *p != separator_ && *p != '\n' && !(has_quotes_ && *p == '"')) ++p;
      if (p == end && !window_.is_last()) return Outcome::kNeedsMore;
      if (p != end && has_quotes_ && *p == '"') {
        problem_ = "expected a field with a quote in it to be quoted as a whole";
        return Outcome::kMalformed;
      }
      field.end = p;
      if (p != end && *p == '\n' && p != field.begin && p[-1] == '\r') --field.end;
    }
    fields_.push_back(field);
    if (p != end && *p == separator_) {
      ++p;
      continue;
    }
    if (p != end) {
      p += *p == '\r' ? 2 : 1;
      ++lines_;
    }
    bytes_ = static_cast<size_t>(p - begin);
    return Outcome::kRecord;
  }
}

}  // namespace tensorgate
