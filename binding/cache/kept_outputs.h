// KeptOutputs: the outputs of a run, copied: what TensorFlow returns may be a part of something
// larger, and would keep all of that. Immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/aligned_buffer.h"
#include "tensor/tensor.h"

namespace tensorgate {

class KeptOutputs {
 public:
  // What a copy of them takes, bookkeeping included; SIZE_MAX where one is of a type that no answer
  // can hold.
  static size_t BytesOf(const std::vector<TensorView>& outputs);

  // Null: out of memory. REQUIRES: BytesOf() has been checked against a limit.
  static std::shared_ptr<const KeptOutputs> CopyOf(const std::vector<TensorView>& outputs);

  // In the order of the fetches. OWNERSHIP: they point into this.
  const std::vector<TensorView>& views() const { return views_; }
  size_t bytes() const { return bytes_; }

  // Those in this process; zero when all is quiet.
  static int64_t LiveCount();

  KeptOutputs();
  ~KeptOutputs();
  KeptOutputs(const KeptOutputs&) = delete;
  KeptOutputs& operator=(const KeptOutputs&) = delete;

 private:
  // All elements one behind the other, and where each ends.
  struct Strings {
    std::string bytes;
    std::vector<size_t> ends;
    static std::string_view At(const void* strings, int64_t index);
  };
  struct Kept {
    std::vector<int64_t> dims;
    AlignedBuffer numbers;
    Strings strings;
  };

  [[nodiscard]] bool Copy(const TensorView& output, Kept* kept);

  std::vector<Kept> kept_;  // as views_, which point into it
  std::vector<TensorView> views_;
  size_t bytes_ = 0;
};

}  // namespace tensorgate
