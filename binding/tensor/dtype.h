// DataType: TensorFlow's element types by their wire numbers (tensorflow.DataType).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tensorgate {

enum class DataType : int32_t {
  kInvalid = 0,
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kUint8 = 4,
  kInt16 = 5,
  kInt8 = 6,
  kString = 7,
  kComplex64 = 8,
  kInt64 = 9,
  kBool = 10,
  kQint8 = 11,
  kQuint8 = 12,
  kQint32 = 13,
  kBfloat16 = 14,
  kQint16 = 15,
  kQuint16 = 16,
  kUint16 = 17,
  kComplex128 = 18,
  kHalf = 19,
  kResource = 20,
  kVariant = 21,
  kUint32 = 22,
  kUint64 = 23,
  kFloat8E5m2 = 24,
  kFloat8E4m3fn = 25,
  kFloat8E4m3fnuz = 26,
  kFloat8E4m3b11fnuz = 27,
  kFloat8E5m2fnuz = 28,
  kInt4 = 29,
  kUint4 = 30,
  kInt2 = 31,
  kUint2 = 32,
  kFloat4E2m1fn = 33,
};

// UNITS: bytes of one element in memory; 0 for kString and for types that have no fixed-size
// elements or are not served (kInvalid, kResource, kVariant, unknown numbers).
size_t ElementSize(DataType dtype);

// Of a tensor of numbers; 0 of strings and of what would have more than there are.
uint64_t BytesOf(DataType dtype, const std::vector<int64_t>& dims);

// A dtype that a request may carry: every type with fixed-size elements, and kString.
bool IsServable(DataType dtype);

// TensorFlow's lower-case name ("float", "int32", "string"); it stands in error texts.
// Unknown numbers give "unknown dtype enum (N)"; reference types (base + 100) "float_ref".
std::string DataTypeName(DataType dtype);

// Signatures may name reference types (base + 100); values always have the base type.
inline DataType BaseType(DataType dtype) {
  const int32_t number = static_cast<int32_t>(dtype);
  return number > 100 ? static_cast<DataType>(number - 100) : dtype;
}

}  // namespace tensorgate
