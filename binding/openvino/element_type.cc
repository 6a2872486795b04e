#include "openvino/element_type.h"

namespace tensorgate::openvino {
namespace {

struct SameType {
  int element_type;  // ov_element_type_e
  DataType dtype;
};

constexpr SameType kSameTypes[] = {
    {1, DataType::kBool},    {2, DataType::kBfloat16}, {3, DataType::kHalf},
    {4, DataType::kFloat},   {5, DataType::kDouble},   {7, DataType::kInt8},
    {8, DataType::kInt16},   {9, DataType::kInt32},    {10, DataType::kInt64},
    {16, DataType::kUint8},  {17, DataType::kUint16},  {18, DataType::kUint32},
    {19, DataType::kUint64},
};

}  // namespace

int ElementTypeOf(DataType dtype) {
  for (const SameType& each : kSameTypes) {
    if (each.dtype == dtype) return each.element_type;
  }
  return -1;
}

DataType DataTypeOf(int element_type) {
  if (element_type == 23) return DataType::kString;
  for (const SameType& each : kSameTypes) {
    if (each.element_type == element_type) return each.dtype;
  }
  return DataType::kInvalid;
}

}  // namespace tensorgate::openvino
