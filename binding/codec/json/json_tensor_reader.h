// JsonTensorReader: JSON text of one input straight into a Tensor's memory, its shape found on the
// way. The single pass calls it once for a whole nested list, or once a row and input. It stops at
// the first surprise and does not say why. Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/json/json_text.h"
#include "codec/limits.h"
#include "tensor/tensor.h"

namespace tensorgate {

class JsonTensorReader {
 public:
  // `origin` is where the text of all rows begins, `end` where the body ends: from how much text
  // the elements so far took, the reader guesses how many will come. Memory never exceeds what the
  // rest of the text can hold, nor *budget, the bytes that all tensors of the request may still
  // take. OWNERSHIP: borrows everything until Finish.
  void Begin(DataType dtype, const char* origin, const char* end, size_t* budget, Tensor* tensor);

  // Reads one value: a scalar or nested lists. The first fixes the shape of the others. Moves
  // *cursor past it. False: an error or a limit, the tensor is of no use.
  [[nodiscard]] bool Read(const char** cursor) { return read_(this, cursor); }

  // Gives the tensor its shape, `rows` in front unless negative, and returns memory not needed.
  [[nodiscard]] bool Finish(int64_t rows);

 private:
  template <typename Leaf>
  static bool ReadAs(JsonTensorReader* self, const char** cursor);
  template <typename Leaf>
  bool ReadLeaf(const char** cursor);
  bool Grow(const char* p);
  bool TakeBudget(size_t bytes);
  bool ReadString(const char** cursor);

  bool (*read_)(JsonTensorReader*, const char**) = nullptr;
  const char* origin_ = nullptr;
  const char* end_ = nullptr;
  size_t* budget_ = nullptr;
  Tensor* tensor_ = nullptr;
  size_t element_size_ = 0;
  size_t count_ = 0;
  size_t capacity_ = 0;
  int rank_ = -1;           // -1: no leaf and no empty list seen yet
  int64_t dims_[kMaxRank];  // below the deepest list seen; -1: its first list is still open
};

// Reads {"b64": "<string>"}, an object of that one member and nothing else, and moves *cursor past
// it. False for every other value. REQUIRES: *cursor is not the end.
[[nodiscard]] bool ParseBase64Object(const char** cursor, const char* end, JsonString* text);

}  // namespace tensorgate
