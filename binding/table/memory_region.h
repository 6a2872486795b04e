// MemoryRegion: the memory of a table's column: pages of its own, which grow without a second copy,
// or those of a file. Owned by one thread while it changes; then any number may read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace tensorgate {

class MemoryRegion {
 public:
  MemoryRegion() = default;
  MemoryRegion(MemoryRegion&& other) noexcept { *this = std::move(other); }
  MemoryRegion& operator=(MemoryRegion&& other) noexcept;
  ~MemoryRegion();

  // Sets the size; new bytes are zero. The content may move. ERRORS: false when memory is out; the
  // region is then as before. REQUIRES: not of a file.
  [[nodiscard]] bool Resize(size_t bytes) {
    if (bytes > capacity_ && !Grow(bytes)) return false;
    size_ = bytes;
    return true;
  }

  // Gives back what growing has taken ahead.
  void Trim();

  // The first `bytes` of a file, read only. A file that is cut short later ends a process that
  // reads beyond (SIGBUS). ERRORS: false with errno. REQUIRES: an empty region, bytes > 0.
  [[nodiscard]] bool MapFile(int fd, size_t bytes);

  uint8_t* data() { return data_; }  // REQUIRES: not of a file
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool is_file() const { return is_file_; }

 private:
  bool Grow(size_t bytes);

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;  // whole pages
  bool is_file_ = false;
};

}  // namespace tensorgate
