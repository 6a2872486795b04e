// OutputBuffer: the growing bytes of one response. Plain malloc memory, so that a large response
// can be lent to JavaScript as it is and freed from there. Owned by one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace tensorgate {

class OutputBuffer {
 public:
  OutputBuffer() = default;
  OutputBuffer(OutputBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  OutputBuffer& operator=(OutputBuffer&& other) noexcept {
    if (this != &other) {
      std::free(data_);
      data_ = std::exchange(other.data_, nullptr);
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
  }
  ~OutputBuffer() { std::free(data_); }

  // Room for `bytes` more; the returned pointer is where they go. Commit() what was written.
  // Aborts when memory is out, as operator new does in a program without exceptions.
  char* Ensure(size_t bytes) {
    if (capacity_ - size_ < bytes) Grow(bytes);
    return data_ + size_;
  }
  void Commit(size_t bytes) { size_ += bytes; }

  // Makes the capacity `bytes`, where it is less.
  void Reserve(size_t bytes) {
    if (bytes > capacity_) Reallocate(bytes);
  }

  void Append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(Ensure(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  void Append(char c) {
    *Ensure(1) = c;
    ++size_;
  }
  void Clear() { size_ = 0; }

  std::string_view view() const { return {data_, size_}; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  // OWNERSHIP: the caller frees the returned memory with std::free. Null when nothing was written.
  char* Release() {
    size_ = capacity_ = 0;
    return std::exchange(data_, nullptr);
  }

 private:
  void Grow(size_t bytes) {
    const size_t wanted = size_ + bytes;
    size_t grown = capacity_ < 256 ? 256 : capacity_ * 2;
    Reallocate(grown < wanted ? wanted : grown);
  }

  void Reallocate(size_t capacity) {
    char* data = static_cast<char*>(std::realloc(data_, capacity));
    if (data == nullptr) std::abort();
    data_ = data;
    capacity_ = capacity;
  }

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace tensorgate
