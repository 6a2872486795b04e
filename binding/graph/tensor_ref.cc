#include "graph/tensor_ref.h"

namespace tensorgate {

TensorRef ParseTensorRef(std::string_view tensor, bool in_function) {
  TensorRef ref;
  const size_t first = tensor.find(':');
  ref.node = tensor.substr(0, first);
  if (first == std::string_view::npos) {
    ref.is_argument = in_function;
    return ref;
  }
  std::string_view rest = tensor.substr(first + 1);
  if (in_function) {
    const size_t second = rest.find(':');
    ref.output = rest.substr(0, second);
    if (second == std::string_view::npos) return ref;
    rest = rest.substr(second + 1);
  }
  for (char digit : rest) {
    if (digit < '0' || digit > '9' || ref.index > 100'000'000) return {};
    ref.index = ref.index * 10 + (digit - '0');
  }
  return ref;
}

}  // namespace tensorgate
