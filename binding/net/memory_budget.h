// MemoryBudget: what the requests of all connections may hold at once. HeldBytes is a part of it
// that goes back by itself. Budgets: any thread. A HeldBytes: one thread at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace tensorgate {

class MemoryBudget {
 public:
  explicit MemoryBudget(size_t limit) : limit_(limit) {}
  size_t used() const { return used_.load(std::memory_order_relaxed); }

  // False when there is no room; nothing is taken then.
  bool Take(size_t bytes) {
    size_t before = used();
    do {
      if (limit_ - before < bytes) return false;
    } while (!used_.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
    return true;
  }
  // REQUIRES: taken before.
  void Give(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const size_t limit_;
  std::atomic<size_t> used_{0};
};

class HeldBytes {
 public:
  HeldBytes() = default;
  HeldBytes(HeldBytes&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  HeldBytes& operator=(HeldBytes&& other) noexcept {
    if (this != &other) {
      Release();
      budget_ = std::exchange(other.budget_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  ~HeldBytes() { Release(); }

  // False when there is no room; what is held stays.
  bool Raise(MemoryBudget* budget, size_t to) {
    if (to <= bytes_) return true;
    if (!budget->Take(to - bytes_)) return false;
    budget_ = budget;
    bytes_ = to;
    return true;
  }
  void Release() {
    if (budget_ != nullptr) budget_->Give(bytes_);
    budget_ = nullptr;
    bytes_ = 0;
  }

 private:
  MemoryBudget* budget_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace tensorgate
