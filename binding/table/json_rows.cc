// The rows of JSON Lines files: an object a line, whose members are a string, a number, a bool, or
// an array of them. Other members are checked and passed over; empty lines too.
#include <cstring>
#include <deque>
#include <string_view>

#include "codec/json/json_text.h"
#include "table/row_reader.h"
#include "table/text_window.h"

namespace tensorgate {
namespace {

// A member that the table wants, and its cells in the line that was read last.
struct WantedMember {
  std::string name;
  bool may_be_array;
  bool is_there = false;
  bool is_array = false;
  std::vector<Cell> cells = {};
};

class JsonRows : public RowReader {
 public:
  JsonRows(const TableFile* file, const TableConfig& config)
      : file_(file), config_(config), window_(file) {
    members_.push_back({config.key.column.empty() ? "key" : config.key.column, false});
    for (const TableOutputConfig& output : config.outputs) {
      if (output.row_number) continue;
      const bool is_one = output.columns.size() < 2;
      if (output.columns.empty()) members_.push_back({output.name, true});
      for (const std::string& column : output.columns) members_.push_back({column, is_one});
    }
  }

  Status Open(std::vector<std::vector<int64_t>>* row_dims) override {
    Status status = ReadRow();
    if (!status.ok()) return status;
    if (ended_) return file_->Refused(0, "expected at least one row, got none");
    for (const WantedMember& member : members_) shapes_.push_back(ShapeOf(member));
    size_t at = 1;
    for (size_t i = 0; i < config_.outputs.size(); ++i) {
      if (config_.outputs[i].row_number) continue;
      const size_t columns = config_.outputs[i].columns.size();
      if (columns > 1) {
        (*row_dims)[i] = {static_cast<int64_t>(columns)};
        at += columns;
        continue;
      }
      if (members_[at].is_array) {
        if (members_[at].cells.empty()) {
          return Refused(at, "expected an array of at least one value, got none");
        }
        (*row_dims)[i] = {static_cast<int64_t>(members_[at].cells.size())};
      }
      ++at;
    }
    return Status();
  }

  Status Next(std::vector<Cell>* cells, bool* ended) override {
    if (!is_first_) {
      Status status = ReadRow();
      if (!status.ok()) return status;
    }
    is_first_ = false;
    *ended = ended_;
    if (ended_) return Status();
    cells->clear();
    for (size_t i = 0; i < members_.size(); ++i) {
      const WantedMember& member = members_[i];
      if (ShapeOf(member) != shapes_[i]) {
        return file_->Refused(line_, "member " + Quoted(member.name) + ": expected " +
                                         ShapeText(shapes_[i]) + " as in the first row, got " +
                                         ShapeText(ShapeOf(member)));
      }
      cells->insert(cells->end(), member.cells.begin(), member.cells.end());
    }
    return Status();
  }

  Status Refused(size_t cell, const std::string& what) const override {
    size_t member = 0;
    while (member + 1 < members_.size() && cell >= members_[member].cells.size()) {
      cell -= members_[member++].cells.size();
    }
    const std::string place = members_[member].is_array ? IndexStep(cell) : "";
    return file_->Refused(line_, "member " + Quoted(members_[member].name) + place + ": " + what);
  }

 private:
  // -1: a single value; otherwise the values of an array.
  static int64_t ShapeOf(const WantedMember& member) {
    return member.is_array ? static_cast<int64_t>(member.cells.size()) : -1;
  }
  static std::string ShapeText(int64_t shape) {
    return shape < 0 ? "a single value" : "an array of " + std::to_string(shape);
  }

  // The next line that is not empty, or `ended_`.
  Status ReadRow() {
    while (true) {
      char* const begin = window_.begin();
      char* newline = begin;
      const size_t bytes = static_cast<size_t>(window_.end() - begin);
      if (bytes > 0) newline = static_cast<char*>(std::memchr(begin, '\n', bytes));
      if (bytes == 0 || newline == nullptr) {
        if (!window_.is_last()) {
          Status status = window_.More();
          if (!status.ok()) return status;
          continue;
        }
        ended_ = bytes == 0;
        if (ended_) return Status();
        newline = window_.end();
      }
      const std::string_view text(begin, static_cast<size_t>(newline - begin));
      line_ = window_.line();
      window_.Take(text.size() + (newline == window_.end() ? 0 : 1), 1);
      if (SkipJsonBlanks(text.data(), newline) == newline) continue;
      return ParseRow(text);
    }
  }

  Status Malformed(std::string_view text, const char* at, const std::string& what) const {
    return file_->Refused(line_, "byte " + std::to_string(at - text.data() + 1) + ": " + what);
  }

  Status ParseRow(std::string_view text) {
    for (WantedMember& member : members_) member.is_there = member.is_array = false;
    unescaped_.clear();
    const char* const end = text.data() + text.size();
    const char* p = line_ == 1 ? SkipJsonByteOrderMark(text.data(), end) : text.data();
    const auto next = [&] {
      p = SkipJsonBlanks(p, end);
      return p == end ? '\0' : *p;
    };
    if (next() != '{') return Malformed(text, p, "expected an object, {...}");
    ++p;
    for (bool is_first = true; next() != '}' || !is_first; is_first = false) {
      JsonString name;
      JsonTextError error;
      if (*SkipBlanksOrNul(p, end) != '"') return Malformed(text, p, "expected a member's name");
      ++p;
      if (!ParseJsonString(&p, end, &name, &error)) return Malformed(text, error.at, error.reason);
      if (next() != ':') return Malformed(text, p, "expected a colon behind a member's name");
      ++p;
      Status status = ParseMember(text, NameOf(name), &p);
      if (!status.ok()) return status;
      const char separator = next();
      if (separator == '}') break;
      if (separator != ',') return Malformed(text, p, "expected a comma or } behind a member");
      ++p;
    }
    ++p;
    if (next() != '\0' || p != end) {
      return Malformed(text, p, "expected the end of the line behind the object");
    }
    for (const WantedMember& member : members_) {
      if (!member.is_there) {
        return file_->Refused(line_, "expected a member " + Quoted(member.name) + ", got none");
      }
    }
    return Status();
  }

  static const char* SkipBlanksOrNul(const char* p, const char* end) {
    p = SkipJsonBlanks(p, end);
    return p == end ? "" : p;
  }

  std::string_view NameOf(const JsonString& name) {
    if (!name.escaped) return name.raw;
    unescaped_.emplace_back();
    AppendJsonStringValue(name, &unescaped_.back());
    return unescaped_.back();
  }

  // A value that may belong to several outputs, or to none.
  Status ParseMember(std::string_view text, std::string_view name, const char** cursor) {
    const char* const end = text.data() + text.size();
    const char* const begin = SkipJsonBlanks(*cursor, end);
    bool is_wanted = false;
    for (WantedMember& member : members_) {
      if (member.name != name) continue;
      is_wanted = true;
      *cursor = begin;
      if (member.is_there) return Malformed(text, begin, "member " + Quoted(name) + " twice");
      Status status = ParseValues(text, &member, cursor);
      if (!status.ok()) return status;
    }
    if (is_wanted || SkipJsonValue(cursor, end)) return Status();
    return Malformed(text, begin, "expected a JSON value");
  }

  Status ParseValues(std::string_view text, WantedMember* member, const char** cursor) {
    const char* const end = text.data() + text.size();
    member->is_there = true;
    member->cells.clear();
    if (*cursor == end || **cursor != '[') return ParseScalar(text, member, cursor);
    member->is_array = true;
    if (!member->may_be_array) {
      return Malformed(
          text, *cursor,
          "member " + Quoted(member->name) + ": expected a single value, got an array");
    }
    *cursor = SkipJsonBlanks(*cursor + 1, end);
    if (*cursor != end && **cursor == ']') {
      ++*cursor;
      return Status();
    }
    while (true) {
      Status status = ParseScalar(text, member, cursor);
      if (!status.ok()) return status;
      const char* const at = *cursor = SkipJsonBlanks(*cursor, end);
      if (at == end || (*at != ',' && *at != ']')) {
        return Malformed(text, at, "expected a comma or ] behind a value");
      }
      ++*cursor;
      if (*at == ']') return Status();
    }
  }

  Status ParseScalar(std::string_view text, WantedMember* member, const char** cursor) {
    const char* const end = text.data() + text.size();
    const char* const begin = *cursor = SkipJsonBlanks(*cursor, end);
    const char first = begin == end ? '\0' : *begin;
    JsonTextError error;
    if (first == '"') {
      JsonString string;
      ++*cursor;
      if (!ParseJsonString(cursor, end, &string, &error)) {
        return Malformed(text, error.at, error.reason);
      }
      member->cells.push_back({NameOf(string), CellKind::kJsonString});
      return Status();
    }
    if (first == 't' || first == 'f') {
      if (!ParseJsonWord(cursor, end, first == 't' ? "true" : "false", &error)) {
        return Malformed(text, error.at, error.reason);
      }
    } else if (first != '\0' && std::strchr("-0123456789NI", first) != nullptr) {
      // NaN and Infinity too, as in requests.
      JsonNumber number;
      if (!ParseJsonNumber(cursor, end, &number, &error)) {
        return Malformed(text, error.at, error.reason);
      }
    } else {
      return Malformed(
          text, begin,
          "member " + Quoted(member->name) + ": expected a string, a number, true or false");
    }
    const bool is_bool = first == 't' || first == 'f';
    member->cells.push_back({{begin, static_cast<size_t>(*cursor - begin)},
                             is_bool ? CellKind::kJsonBool : CellKind::kJsonNumber});
    return Status();
  }

  const TableFile* const file_;
  const TableConfig& config_;
  TextWindow window_;
  std::vector<WantedMember> members_;  // the key's, then the outputs' in turn
  std::vector<int64_t> shapes_;        // of the members, in the first row
  std::deque<std::string> unescaped_;  // strings of the line that hold escapes
  uint64_t line_ = 0;
  bool is_first_ = true;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<RowReader> MakeJsonRows(const TableFile* file, const TableConfig& config) {
  return std::make_unique<JsonRows>(file, config);
}

}  // namespace tensorgate
