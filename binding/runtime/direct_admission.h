// DirectAdmission: whether a request of a model may run without JavaScript, whose queue could have
// it share a run with others. Alone, while few are in flight: on average, since now and then some
// come together at any load, and to queue those would only make it last longer. Any thread, without
// a lock: a request may be missing from the average.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace tensorgate {

class DirectAdmission {
 public:
  static constexpr uint32_t kUnlimited = std::numeric_limits<uint32_t>::max();

  // In flight on average, at most; 0: none is admitted. Unlimited at first.
  void Limit(uint32_t average) { limit_.store(average, std::memory_order_relaxed); }

  // A request that finds so many others of its transport in flight without JavaScript.
  bool Admit(size_t in_flight) {
    const uint32_t limit = limit_.load(std::memory_order_relaxed);
    if (limit == kUnlimited) return true;
    float average = average_.load(std::memory_order_relaxed);
    average += (static_cast<float>(in_flight) - average) * kWeight;
    average_.store(average, std::memory_order_relaxed);
    return average < static_cast<float>(limit) && in_flight < size_t{kMostAtOnce} * limit;
  }

 private:
  static constexpr float kWeight = 1.0F / 64;
  static constexpr uint32_t kMostAtOnce = 8;  // times the average

  std::atomic<uint32_t> limit_{kUnlimited};
  std::atomic<float> average_{0};
};

}  // namespace tensorgate
