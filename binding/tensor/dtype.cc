#include "tensor/dtype.h"

namespace tensorgate {
namespace {

struct Row {
  const char* name;
  size_t size;
};

// Indexed by wire number. Sub-byte types take one byte an element in TensorFlow's memory.
constexpr Row kRows[] = {
    {"INVALID", 0},
    {"float", 4},
    {"double", 8},
    {"int32", 4},
    {"uint8", 1},
    {"int16", 2},
    {"int8", 1},
    {"string", 0},
    {"complex64", 8},
    {"int64", 8},
    {"bool", 1},
    {"qint8", 1},
    {"quint8", 1},
    {"qint32", 4},
    {"bfloat16", 2},
    {"qint16", 2},
    {"quint16", 2},
    {"uint16", 2},
    {"complex128", 16},
    {"half", 2},
    {"resource", 0},
    {"variant", 0},
    {"uint32", 4},
    {"uint64", 8},
    {"float8_e5m2", 1},
    {"float8_e4m3fn", 1},
    {"float8_e4m3fnuz", 1},
    {"float8_e4m3b11fnuz", 1},
    {"float8_e5m2fnuz", 1},
    {"int4", 1},
    {"uint4", 1},
    {"int2", 1},
    {"uint2", 1},
    {"float4_e2m1fn", 1},
};
constexpr int32_t kRowCount = sizeof(kRows) / sizeof(kRows[0]);

bool Known(int32_t number) { return number >= 0 && number < kRowCount; }

}  // namespace

size_t ElementSize(DataType dtype) {
  const int32_t number = static_cast<int32_t>(dtype);
  return Known(number) ? kRows[number].size : 0;
}

uint64_t BytesOf(DataType dtype, const std::vector<int64_t>& dims) {
  uint64_t bytes = ElementSize(dtype);
  for (int64_t size : dims) {
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes)) return 0;
  }
  return bytes;
}

bool IsServable(DataType dtype) { return dtype == DataType::kString || ElementSize(dtype) > 0; }

std::string DataTypeName(DataType dtype) {
  const int32_t number = static_cast<int32_t>(dtype);
  if (Known(number)) return kRows[number].name;
  if (Known(number - 100)) return std::string(kRows[number - 100].name) + "_ref";
  return "unknown dtype enum (" + std::to_string(number) + ")";
}

}  // namespace tensorgate
