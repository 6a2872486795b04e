// What a decoder made, as encoders read it.
#pragma once

#include <cstdint>
#include <string_view>

#include "tensor/tensor.h"

namespace tensorgate {

// OWNERSHIP: points into `tensor`.
inline TensorView ViewOf(const Tensor& tensor) {
  TensorView view;
  view.dtype = tensor.dtype;
  view.dims = tensor.dims.data();
  view.rank = static_cast<int>(tensor.dims.size());
  view.elements = tensor.elements;
  view.data = tensor.data.data();
  if (tensor.dtype == DataType::kString) {
    view.data = tensor.strings.data();
    view.string_at = [](const void* data, int64_t index) {
      return static_cast<const std::string_view*>(data)[index];
    };
  }
  return view;
}

}  // namespace tensorgate
