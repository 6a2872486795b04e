// Tensor: a decoded request value, owned by us until binding/tf hands its memory to TensorFlow.
// TensorView: a value to encode, wherever it lives. Neither knows TensorFlow.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/aligned_buffer.h"
#include "tensor/dtype.h"

namespace tensorgate {

struct Tensor {
  DataType dtype = DataType::kInvalid;
  std::vector<int64_t> dims;  // every dimension >= 0; empty = scalar
  int64_t elements = 0;       // product of dims
  AlignedBuffer data;         // fixed-size types: elements * ElementSize(dtype) bytes, native order

  // kString: one view per element, into the request body or into `owned_strings`. The body must
  // outlive the tensor. A list keeps its elements in place while it grows, and takes no memory as
  // long as it is empty, unlike a deque.
  std::vector<std::string_view> strings;
  std::list<std::string> owned_strings;

  Tensor() = default;
  Tensor(Tensor&&) = default;
  Tensor& operator=(Tensor&&) = default;
};

struct NamedTensor {
  std::string name;  // the signature's alias
  Tensor tensor;
};

struct TensorView {
  DataType dtype = DataType::kInvalid;
  const int64_t* dims = nullptr;
  int rank = 0;
  int64_t elements = 0;
  const void* data = nullptr;  // fixed-size types: the elements; kString: what `string_at` reads

  // kString only: element `index`, 0 <= index < elements; valid while the owner of `data` lives.
  std::string_view (*string_at)(const void* data, int64_t index) = nullptr;
};

struct NamedTensorView {
  std::string_view name;
  TensorView tensor;
};

}  // namespace tensorgate
