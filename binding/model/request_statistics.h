// RequestStatistics: what the metrics page says about the requests of one loaded version: how long
// they took, in all and in each stage, by signature, method and status; and how many are in flight.
// There is none unless the server has a page, and it goes with its version.
//
// Labels are bounded: signatures are those of the model, or none.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codec/method.h"
#include "model/thread_shard.h"
#include "status/status.h"

namespace tensorgate {

// A request is in one of them at a time, and may be in none.
enum class RequestStage { kQueue, kDecode, kRun, kEncode };
constexpr size_t kRequestStages = 4;

// Of durations: 1, 2, 4, … 2^25 microseconds, then those beyond. THREAD: any, without a lock; a
// reader may see a count before its sum.
class StageHistogram {
 public:
  static constexpr size_t kLimits = 26;

  void Record(std::chrono::nanoseconds duration);
  // Adds the counts and, last, the sum in microseconds to kLimits + 2 numbers.
  void AddTo(double* numbers) const;

  // The bucket of a value: the first whose limit is greater, as upstream's.
  static size_t BucketOf(uint64_t nanoseconds);

 private:
  std::array<std::atomic<uint64_t>, kLimits + 1> buckets_{};
  std::atomic<uint64_t> sum_nanoseconds_{0};
};

// How long a request was in each stage; negative: it never came there.
using StageTimes = std::array<std::chrono::nanoseconds, kRequestStages>;

class RequestStatistics {
 public:
  // In all, then of each stage.
  static constexpr size_t kHistograms = 1 + kRequestStages;
  static constexpr size_t kNumbers = kHistograms * (StageHistogram::kLimits + 2);

  // What the page shows of requests with these labels.
  struct Series {
    std::string name;
    int64_t version = 0;
    std::string signature;  // empty: of several, of none, or of one that the model has not
    Method method = Method::kPredict;
    Code code = Code::kOk;
    std::array<double, kNumbers> numbers{};
  };
  struct InFlight {
    std::string name;
    int64_t version = 0;
    int64_t requests = 0;
  };

  // From now on versions that are loaded count their requests. For the process, and for good.
  static void SwitchOn();
  static bool IsOn() { return is_on_.load(std::memory_order_relaxed); }

  // REQUIRES: the signatures' names, as SavedModel::signatures().
  RequestStatistics(std::string name, int64_t version, std::vector<std::string> signatures);
  ~RequestStatistics();
  RequestStatistics(const RequestStatistics&) = delete;
  RequestStatistics& operator=(const RequestStatistics&) = delete;

  // THREAD of all below: any, without a lock but for the first requests with their labels.
  void Enter() { shards_[ThreadShard()].in_flight.fetch_add(1, std::memory_order_relaxed); }
  void Leave() { shards_[ThreadShard()].in_flight.fetch_sub(1, std::memory_order_relaxed); }
  // `signature`: its index, or -1.
  void Record(std::ptrdiff_t signature, Method method, Code code, std::chrono::nanoseconds whole,
              const StageTimes& stages);

  // Of all versions that are loaded, by their labels: those of one version that is loaded twice, as
  // one is while the other has yet to go, are one. THREAD: any; takes a lock.
  static std::vector<Series> ReadSeries();
  static std::vector<InFlight> ReadInFlight();

 private:
  static constexpr size_t kMethods = 5;
  static constexpr size_t kCodes = 17;

  struct Cell {
    std::array<StageHistogram, kHistograms> histograms;
  };
  using Cells = std::vector<std::atomic<Cell*>>;  // by signature, method and code; null as below
  struct alignas(64) Shard {
    std::atomic<int64_t> in_flight{0};   // that came here, less those that left: may be negative
    std::atomic<Cells*> cells{nullptr};  // null: nothing was counted
  };

  Cell* CellAt(Shard* shard, size_t index);

  static std::atomic<bool> is_on_;
  const std::string name_;
  const int64_t version_;
  const std::vector<std::string> signatures_;
  std::array<Shard, kThreadShards> shards_;
};

}  // namespace tensorgate
