#include "cache/request_key.h"

#include <random>
#include <utility>

#include "random/key_hash.h"

namespace tensorgate {
namespace {

KeyHashSeed NewSeed() {
  std::random_device random;
  const auto word = [&] { return uint64_t{random()} << 32 | random(); };
  return {word(), word()};
}

}  // namespace

void RequestKeyBuilder::Add(const TensorView& tensor) {
  Add(static_cast<uint64_t>(tensor.dtype));
  Add(static_cast<uint64_t>(tensor.rank));
  for (int i = 0; i < tensor.rank; ++i) Add(static_cast<uint64_t>(tensor.dims[i]));
  if (tensor.dtype != DataType::kString) {
    const size_t bytes = static_cast<size_t>(tensor.elements) * ElementSize(tensor.dtype);
    if (bytes > 0) key_.bytes.append(static_cast<const char*>(tensor.data), bytes);
    return;
  }
  for (int64_t i = 0; i < tensor.elements; ++i) {
    const std::string_view element = tensor.string_at(tensor.data, i);
    Add(element.size());
    key_.bytes.append(element);
  }
}

RequestKey RequestKeyBuilder::Take() {
  static const KeyHashSeed seed = NewSeed();
  key_.hash = HashKey(key_.bytes, seed);
  return std::move(key_);
}

}  // namespace tensorgate
