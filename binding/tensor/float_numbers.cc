#include "tensor/float_numbers.h"

#include <cstdint>
#include <cstring>

#include "tensor/small_floats.h"

namespace tensorgate {
namespace {

template <typename T>
double ElementAt(const void* data, size_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + index * sizeof(T), sizeof(T));
  return static_cast<double>(value);
}

double HalfAt(const void* data, size_t index) {
  uint16_t bits;
  std::memcpy(&bits, static_cast<const char*>(data) + index * sizeof(bits), sizeof(bits));
  return HalfValue(bits);
}

double Bfloat16At(const void* data, size_t index) {
  uint16_t bits;
  std::memcpy(&bits, static_cast<const char*>(data) + index * sizeof(bits), sizeof(bits));
  return Bfloat16Value(bits);
}

}  // namespace

NumberAt NumberAtOf(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat:
      return &ElementAt<float>;
    case DataType::kDouble:
      return &ElementAt<double>;
    case DataType::kHalf:
      return &HalfAt;
    case DataType::kBfloat16:
      return &Bfloat16At;
    default:
      return nullptr;
  }
}

}  // namespace tensorgate
