#include "table/cell.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "status/violation.h"

namespace tensorgate {
namespace {

std::string_view WithoutBlanks(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

template <typename T>
bool ParseInteger(std::string_view text, void* element) {
  T value;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return false;
  std::memcpy(element, &value, sizeof(value));
  return true;
}

template <typename T>
bool ParseReal(std::string_view text, void* element) {
  T value;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ptr != end) return false;
  if (result.ec == std::errc::result_out_of_range) {
    // One too small for its type is 0, or next to it; one too large is refused.
    const double wide = std::strtod(std::string(text).c_str(), nullptr);
    if (std::fabs(wide) > 1) return false;
    value = static_cast<T>(wide);
  } else if (result.ec != std::errc()) {
    return false;
  }
  std::memcpy(element, &value, sizeof(value));
  return true;
}

bool ParseBool(std::string_view text, void* element) {
  bool value;
  if (text == "true" || text == "True" || text == "TRUE" || text == "1") {
    value = true;
  } else if (text == "false" || text == "False" || text == "FALSE" || text == "0") {
    value = false;
  } else {
    return false;
  }
  std::memcpy(element, &value, sizeof(value));
  return true;
}

using ElementParser = bool (*)(std::string_view text, void* element);

// Null for other types.
ElementParser ParserOf(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat:
      return ParseReal<float>;
    case DataType::kDouble:
      return ParseReal<double>;
    case DataType::kInt8:
      return ParseInteger<int8_t>;
    case DataType::kInt16:
      return ParseInteger<int16_t>;
    case DataType::kInt32:
      return ParseInteger<int32_t>;
    case DataType::kInt64:
      return ParseInteger<int64_t>;
    case DataType::kUint8:
      return ParseInteger<uint8_t>;
    case DataType::kUint16:
      return ParseInteger<uint16_t>;
    case DataType::kUint32:
      return ParseInteger<uint32_t>;
    case DataType::kUint64:
      return ParseInteger<uint64_t>;
    case DataType::kBool:
      return ParseBool;
    default:
      return nullptr;
  }
}

}  // namespace

bool IsCellType(DataType dtype) { return dtype == DataType::kString || ParserOf(dtype) != nullptr; }

bool FitsCellKind(CellKind kind, DataType dtype) {
  switch (kind) {
    case CellKind::kText:
      return true;
    case CellKind::kJsonString:
      return dtype == DataType::kString;
    case CellKind::kJsonBool:
      return dtype == DataType::kBool;
    case CellKind::kJsonNumber:
      return dtype != DataType::kString && dtype != DataType::kBool;
  }
  return false;
}

bool ParseCell(const Cell& cell, DataType dtype, void* element) {
  return FitsCellKind(cell.kind, dtype) && ParserOf(dtype)(WithoutBlanks(cell.text), element);
}

std::string CellError(const Cell& cell, DataType dtype) {
  std::string given = Quoted(cell.text);
  if (cell.kind == CellKind::kJsonNumber || cell.kind == CellKind::kJsonBool) {
    given = given.substr(1, given.size() - 2);
  }
  return "expected a value of type " + DataTypeName(dtype) + ", got " +
         (cell.kind == CellKind::kJsonString ? "the string " : "") + given;
}

}  // namespace tensorgate
