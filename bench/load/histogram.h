// Latencies in logarithmic buckets of constant relative width (as HdrHistogram has them): 128
// buckets per power of two, so a quantile is within 0.4 % of the true value. Constant memory,
// constant time per value.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace tensorgate::load {

class Histogram {
 public:
  Histogram() : counts_((64 - kSubBits + 1) << kSubBits) {}

  // Negative values count as 0.
  void Add(int64_t value) {
    const uint64_t positive = value > 0 ? static_cast<uint64_t>(value) : 0;
    counts_[BucketOf(positive)]++;
    total_++;
    sum_ += static_cast<double>(positive);
    max_ = std::max(max_, positive);
  }

  uint64_t total() const { return total_; }
  uint64_t max() const { return max_; }
  double mean() const { return total_ == 0 ? 0 : sum_ / static_cast<double>(total_); }

  // The middle of the bucket below which a share of `quantile` (0..1) lies; 0 when empty.
  uint64_t Quantile(double quantile) const {
    const double wanted = std::ceil(quantile * static_cast<double>(total_));
    const uint64_t rank = std::max<uint64_t>(1, static_cast<uint64_t>(wanted));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); bucket++) {
      seen += counts_[bucket];
      if (seen >= rank) return std::min(MiddleOf(bucket), max_);
    }
    return 0;
  }

 private:
  static constexpr int kSubBits = 7;

  // Values below 2^kSubBits have a bucket each; above, the leading kSubBits + 1 bits choose it.
  static size_t BucketOf(uint64_t value) {
    if (value < (1u << kSubBits)) return value;
    const int shift = 63 - __builtin_clzll(value) - kSubBits;
    return (static_cast<size_t>(shift) << kSubBits) + (value >> shift);
  }

  static uint64_t MiddleOf(size_t bucket) {
    if (bucket < (2u << kSubBits)) return bucket;
    const int shift = static_cast<int>(bucket >> kSubBits) - 1;
    const uint64_t leading = (bucket & ((1u << kSubBits) - 1)) + (1u << kSubBits);
    return (leading << shift) + ((uint64_t{1} << shift) >> 1);
  }

  std::vector<uint64_t> counts_;
  uint64_t total_ = 0;
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace tensorgate::load
