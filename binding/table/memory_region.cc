#include "table/memory_region.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace tensorgate {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

// 0 when it overflows.
size_t WholePages(size_t bytes) {
  static const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

MemoryRegion& MemoryRegion::operator=(MemoryRegion&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  std::swap(is_file_, other.is_file_);
  return *this;
}

MemoryRegion::~MemoryRegion() {
  if (data_ != nullptr) munmap(data_, capacity_);
}

bool MemoryRegion::Grow(size_t bytes) {
  // Pages that nobody has written to take no memory: growing by half costs address space only.
  const size_t capacity = WholePages(std::max(bytes, capacity_ + capacity_ / 2));
  if (capacity < bytes) return false;
  void* const grown = data_ == nullptr ? mmap(nullptr, capacity, PROT_READ | PROT_WRITE,
                                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                       : mremap(data_, capacity_, capacity, MREMAP_MAYMOVE);
  if (grown == MAP_FAILED) return false;
  // Rows are read at random: with small pages each would miss the TLB too. Advice only.
  if (capacity >= kHugePage) madvise(grown, capacity, MADV_HUGEPAGE);
  data_ = static_cast<uint8_t*>(grown);
  capacity_ = capacity;
  return true;
}

void MemoryRegion::Trim() {
  const size_t capacity = WholePages(std::max(size_, size_t{1}));
  if (data_ == nullptr || is_file_ || capacity == capacity_) return;
  void* const trimmed = mremap(data_, capacity_, capacity, 0);
  if (trimmed == MAP_FAILED) return;
  capacity_ = capacity;
}

bool MemoryRegion::MapFile(int fd, size_t bytes) {
  void* const mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return false;
  data_ = static_cast<uint8_t*>(mapped);
  size_ = bytes;
  capacity_ = WholePages(bytes);
  is_file_ = true;
  return true;
}

}  // namespace tensorgate
