// Cell: one value of a table as its file writes it, and what that means as an element of a tensor.
// No state; any thread.
#pragma once

#include <string>
#include <string_view>

#include "tensor/dtype.h"

namespace tensorgate {

// What the text may be taken for. Text of CSV and TSV may be anything.
enum class CellKind : uint8_t { kText, kJsonString, kJsonNumber, kJsonBool };

struct Cell {
  std::string_view text;  // of JSON strings the value, without quotes and escapes
  CellKind kind = CellKind::kText;
};

// Whether text can be read as elements of that type: string, bool, float, double, and integers.
bool IsCellType(DataType dtype);

// Whether the kind fits the type at all, as a JSON string does not fit a float.
bool FitsCellKind(CellKind kind, DataType dtype);

// Writes the ElementSize(dtype) bytes of the element. Blanks around numbers are passed over.
// ERRORS: false when the text is none, or out of the type's range. REQUIRES: IsCellType, no string.
[[nodiscard]] bool ParseCell(const Cell& cell, DataType dtype, void* element);

// `expected an int32, got "abc"`.
std::string CellError(const Cell& cell, DataType dtype);

}  // namespace tensorgate
