// AlignedBuffer: growable memory at 64-byte alignment, the one alignment at which TensorFlow adopts
// foreign memory instead of copying it. Owned by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace tensorgate {

class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;

  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    if (this != &other) {
      std::free(data_);
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
  }
  ~AlignedBuffer() { std::free(data_); }

  // Makes room for `bytes` in all, keeping the content. ERRORS: false when memory is out; the
  // buffer is then as before. REQUIRES: the caller has checked `bytes` against a limit.
  [[nodiscard]] bool Reserve(size_t bytes) {
    if (bytes <= capacity_) return true;
    if (bytes > SIZE_MAX - kAlignment) return false;
    const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    uint8_t* grown = static_cast<uint8_t*>(std::aligned_alloc(kAlignment, rounded));
    if (grown == nullptr) return false;
    if (size_ > 0) std::memcpy(grown, data_, size_);
    std::free(data_);
    data_ = grown;
    capacity_ = rounded;
    return true;
  }

  // Sets the size; bytes beyond the old size are not initialised. ERRORS: as Reserve.
  [[nodiscard]] bool Resize(size_t bytes) {
    if (!Reserve(bytes)) return false;
    size_ = bytes;
    return true;
  }

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  // OWNERSHIP: the caller frees the returned memory with std::free. Null when nothing was
  // allocated.
  uint8_t* Release() {
    size_ = capacity_ = 0;
    return std::exchange(data_, nullptr);
  }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tensorgate
