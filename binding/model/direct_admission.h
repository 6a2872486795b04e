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
  // Fewer in flight than these, on average and when a request comes; 0: none is admitted.
  struct Limits {
    uint32_t average;
    uint32_t at_once;
  };

  // There are none at first.
  void Limit(Limits limits) { limits_.store(limits, std::memory_order_relaxed); }

  // A request that finds so many others of its transport in flight without JavaScript.
  bool Admit(size_t in_flight) {
    const Limits limits = limits_.load(std::memory_order_relaxed);
    if (limits.average == kUnlimited) return true;
    float average = average_.load(std::memory_order_relaxed);
    average += (static_cast<float>(in_flight) - average) * kWeight;
    average_.store(average, std::memory_order_relaxed);
    return average < static_cast<float>(limits.average) && in_flight < limits.at_once;
  }

 private:
  static constexpr float kWeight = 1.0F / 64;
  static constexpr uint32_t kUnlimited = std::numeric_limits<uint32_t>::max();

  std::atomic<Limits> limits_{{kUnlimited, kUnlimited}};
  static_assert(std::atomic<Limits>::is_always_lock_free);
  std::atomic<float> average_{0};
};

}  // namespace tensorgate
