// StringColumn: strings one behind the other in one piece of memory, and 5 bytes for each that say
// where it begins. Owned by one thread while it is filled; then any number may read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "table/memory_region.h"

namespace tensorgate {

class StringColumn {
 public:
  // ERRORS: false when memory is out, or the strings are more than a terabyte.
  [[nodiscard]] bool Append(std::string_view text) {
    const size_t begin = bytes_.size();
    if (!bytes_.Resize(begin + text.size())) return false;
    if (!text.empty()) std::memcpy(bytes_.data() + begin, text.data(), text.size());
    return AppendOffset(begin);
  }

  void Trim() {
    bytes_.Trim();
    offsets_.Trim();
  }

  size_t size() const { return size_; }

  // REQUIRES: index < size().
  std::string_view at(size_t index) const {
    const size_t begin = Offset(index);
    const size_t end = index + 1 == size_ ? bytes_.size() : Offset(index + 1);
    return {reinterpret_cast<const char*>(bytes_.data()) + begin, end - begin};
  }

  // The two steps of at(), for memory to be fetched ahead.
  void PrefetchOffset(size_t index) const { __builtin_prefetch(offsets_.data() + index * kBytes); }
  void PrefetchText(size_t index) const { __builtin_prefetch(bytes_.data() + Offset(index)); }

  size_t own_bytes() const { return offsets_.capacity() + bytes_.capacity(); }

 private:
  static constexpr size_t kBytes = 5;
  static constexpr uint64_t kMask = (uint64_t{1} << (8 * kBytes)) - 1;

  size_t Offset(size_t index) const {
    uint64_t offset;  // and 3 bytes of what follows
    std::memcpy(&offset, offsets_.data() + index * kBytes, sizeof(offset));
    return static_cast<size_t>(offset & kMask);
  }

  [[nodiscard]] bool AppendOffset(uint64_t offset) {
    if (offset > kMask || !offsets_.Resize(size_ * kBytes + sizeof(offset))) return false;
    std::memcpy(offsets_.data() + size_ * kBytes, &offset, sizeof(offset));
    ++size_;
    return true;
  }

  MemoryRegion bytes_;
  MemoryRegion offsets_;
  size_t size_ = 0;
};

}  // namespace tensorgate
