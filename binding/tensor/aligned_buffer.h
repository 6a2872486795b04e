// AlignedBuffer: growable memory at 64-byte alignment, the one alignment at which TensorFlow adopts
// foreign memory instead of copying it. Owned by one thread at a time.
//
// The memory is malloc's with the alignment made here: glibc serves aligned_alloc from its slow
// path, splits off what lies around the result, and leaves the heap of a busy server in pieces.
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
      Free(data_);
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
  }
  ~AlignedBuffer() { Free(data_); }

  // Makes room for `bytes` in all, keeping the content. ERRORS: false when memory is out; the
  // buffer is then as before. REQUIRES: the caller has checked `bytes` against a limit.
  [[nodiscard]] bool Reserve(size_t bytes) {
    if (bytes <= capacity_) return true;
    if (bytes > SIZE_MAX - 2 * kAlignment) return false;
    const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    uint8_t* grown = Allocate(rounded);
    if (grown == nullptr) return false;
    if (size_ > 0) std::memcpy(grown, data_, size_);
    Free(data_);
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

  // OWNERSHIP: the caller frees the returned memory with Free(). Null when nothing was allocated.
  uint8_t* Release() {
    size_ = capacity_ = 0;
    return std::exchange(data_, nullptr);
  }

  // What Release() returned. Any thread.
  static void Free(void* data) {
    if (data != nullptr) std::free(static_cast<void**>(data)[-1]);
  }

 private:
  // malloc's own pointer lies before the aligned one; malloc aligns to 16, so there is room for it.
  static uint8_t* Allocate(size_t bytes) {
    static_assert(alignof(std::max_align_t) >= sizeof(void*));
    void* const block = std::malloc(bytes + kAlignment);
    if (block == nullptr) return nullptr;
    const uintptr_t address = reinterpret_cast<uintptr_t>(block);
    const uintptr_t offset = kAlignment - address % kAlignment;
    uint8_t* const data = static_cast<uint8_t*>(block) + offset;
    reinterpret_cast<void**>(data)[-1] = block;
    return data;
  }

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tensorgate
