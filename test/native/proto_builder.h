// Protobuf bytes put together by hand, so that the codec is not tested against itself. Every
// function returns the bytes of one field or one value; a message is their sum. Any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace tensorgate::proto {

inline std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

inline std::string Tag(uint32_t field, int type) { return Varint(uint64_t{field} << 3 | type); }

inline std::string VarintField(uint32_t field, int64_t value) {
  return Tag(field, 0) + Varint(static_cast<uint64_t>(value));
}

inline std::string BytesField(uint32_t field, std::string_view bytes) {
  return Tag(field, 2) + Varint(bytes.size()) + std::string(bytes);
}

// Values as they lie in memory.
template <typename T>
std::string Raw(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline std::string FloatField(uint32_t field, float value) {
  return Tag(field, 5) + Raw<float>({value});
}

template <typename T>
std::string PackedFixed(uint32_t field, const std::vector<T>& values) {
  return BytesField(field, Raw(values));
}

inline std::string PackedVarints(uint32_t field, const std::vector<int64_t>& values) {
  std::string bytes;
  for (const int64_t value : values) bytes += Varint(static_cast<uint64_t>(value));
  return BytesField(field, bytes);
}

inline std::string Dim(int64_t size) {
  return BytesField(2, size == 0 ? std::string() : VarintField(1, size));
}

inline std::string Shape(std::initializer_list<int64_t> dims) {
  std::string bytes;
  for (const int64_t dim : dims) bytes += Dim(dim);
  return BytesField(2, bytes);
}

inline std::string Dtype(DataType dtype) { return VarintField(1, static_cast<int32_t>(dtype)); }

inline std::string Content(std::string_view bytes) { return BytesField(4, bytes); }

inline std::string StringVal(std::string_view bytes) { return BytesField(8, bytes); }

inline std::string_view StringAt(const void* data, int64_t index) {
  return static_cast<const std::string_view*>(data)[index];
}

inline TensorView ViewOf(const Tensor& tensor) {
  TensorView view;
  view.dtype = tensor.dtype;
  view.dims = tensor.dims.data();
  view.rank = static_cast<int>(tensor.dims.size());
  view.elements = tensor.elements;
  view.data = tensor.data.data();
  if (tensor.dtype == DataType::kString) {
    view.data = tensor.strings.data();
    view.string_at = StringAt;
  }
  return view;
}

}  // namespace tensorgate::proto
