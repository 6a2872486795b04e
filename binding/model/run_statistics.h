// RunStatistics: what the metrics page says about runs and loads, counted where they happen. Owned
// by the process and never forgotten: an entry per model name and per path ever loaded. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codec/method.h"
#include "model/thread_shard.h"
#include "pool/mutex.h"

namespace tensorgate {

// Counts per bucket, the last without a limit, and the sum of all values.
struct HistogramValues {
  std::vector<uint64_t> buckets;
  double sum = 0;
};

// How long runs took. THREAD: any, without a lock; a reader may see a count before its sum.
class LatencyHistogram {
 public:
  static constexpr size_t kLimits = 33;

  void Record(std::chrono::nanoseconds latency);
  HistogramValues Read() const;  // UNITS: microseconds

  // The bucket of a value: the first whose limit is greater, as upstream. 10 × 1.8^i microseconds.
  static size_t BucketOf(double microseconds);

 private:
  std::array<std::atomic<uint64_t>, kLimits + 1> buckets_{};
  std::atomic<uint64_t> sum_nanoseconds_{0};
};

// The examples of MultiInference requests. THREAD: any, without a lock.
class ExampleCounts {
 public:
  static constexpr size_t kLimits = 15;  // 1, 2, 4, … 16384

  void Record(int64_t examples);
  HistogramValues Read() const;

 private:
  std::array<std::atomic<uint64_t>, kLimits + 1> buckets_{};
  std::atomic<uint64_t> sum_{0};
};

// How long something takes of late, roughly. THREAD: any, without a lock; a value may be lost.
class RecentTime {
 public:
  void Record(std::chrono::nanoseconds time) {
    constexpr int64_t kWeight = 8;
    const int64_t before = nanoseconds_.load(std::memory_order_relaxed);
    nanoseconds_.store(before + (time.count() - before) / kWeight, std::memory_order_relaxed);
  }
  bool is_below(std::chrono::nanoseconds limit) const {
    return nanoseconds_.load(std::memory_order_relaxed) < limit.count();
  }

 private:
  std::atomic<int64_t> nanoseconds_{1'000'000};  // until it is known
};

enum class RequestProtocol { kGrpc, kRest };
constexpr size_t kRequestProtocols = 2;

// Of one model name, all its versions.
struct ModelStatistics {
  explicit ModelStatistics(std::string model_name) : name(std::move(model_name)) {}

  LatencyHistogram& runs(Method method) { return run_latency[static_cast<size_t>(method)]; }
  LatencyHistogram& requests(RequestProtocol protocol, Method method) {
    return request_latency[static_cast<size_t>(protocol)][static_cast<size_t>(method)];
  }

  const std::string name;
  std::array<LatencyHistogram, 3> run_latency;  // Predict, Classify, Regress
  // The same of each protocol, of requests that were answered without JavaScript.
  std::array<std::array<LatencyHistogram, 3>, kRequestProtocols> request_latency;
  ExampleCounts examples;
  RecentTime recent_request;
};

// Of one path, all attempts.
struct LoadStatistics {
  uint64_t successes = 0;
  uint64_t failures = 0;
  uint64_t microseconds = 0;
};

// Runs of sessions for calls, those of warm-ups among them.
struct GraphRuns {
  uint64_t runs = 0;
  uint64_t microseconds = 0;
};

// What came to a SignatureEngine, warm-ups and trials among it.
struct EngineRuns {
  uint64_t run = 0;
  uint64_t left = 0;  // to TensorFlow
};

class RunStatistics {
 public:
  static RunStatistics& Process();

  // Of who has taken its time anyway; of all, while RequestStatistics are on. THREAD: any, without
  // a lock.
  void CountGraphRun(std::chrono::nanoseconds time);
  GraphRuns graph_runs() const;
  void CountEngineRun(bool has_run) {
    (has_run ? engine_runs_ : engine_left_).fetch_add(1, std::memory_order_relaxed);
  }
  EngineRuns engine_runs() const { return {engine_runs_, engine_left_}; }

  // OWNERSHIP: stays valid for ever. Takes a lock: once per load, never per run.
  ModelStatistics* Model(const std::string& name);
  void CountLoad(const std::string& path, bool ok, std::chrono::nanoseconds duration);

  std::vector<const ModelStatistics*> Models() const;
  std::map<std::string, LoadStatistics> Loads() const;

 private:
  struct alignas(64) GraphRunShard {
    std::atomic<uint64_t> runs{0};
    std::atomic<uint64_t> nanoseconds{0};
  };

  std::array<GraphRunShard, kThreadShards> graph_runs_;
  std::atomic<uint64_t> engine_runs_{0};
  std::atomic<uint64_t> engine_left_{0};
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<ModelStatistics>> models_ GUARDED_BY(mutex_);
  std::map<std::string, LoadStatistics> loads_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate
