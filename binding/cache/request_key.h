// RequestKey: what must be equal for one request to have the answer of another, as bytes: the
// signature, what is fetched, and of each input that counts its type, its shape and its elements.
// The hash finds a key among others; only the bytes say that two are equal. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tensor/tensor.h"

namespace tensorgate {

struct RequestKey {
  std::string bytes;
  uint64_t hash = 0;
};

inline bool operator==(const RequestKey& a, const RequestKey& b) {
  return a.hash == b.hash && a.bytes == b.bytes;
}

class RequestKeyBuilder {
 public:
  // `bytes`: about how long the key will be.
  explicit RequestKeyBuilder(size_t bytes) { key_.bytes.reserve(bytes); }

  // Each number and tensor ends where the next one begins: no two requests have the same bytes.
  void Add(uint64_t number) {
    key_.bytes.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  void Add(const TensorView& tensor);

  // The hash is under a seed of this process, so that no client can look for collisions.
  RequestKey Take();

 private:
  RequestKey key_;
};

}  // namespace tensorgate
