#include "model/run_statistics.h"

#include <algorithm>

namespace tensorgate {
namespace {

const std::array<double, LatencyHistogram::kLimits>& LatencyLimits() {
  static const auto limits = [] {
    std::array<double, LatencyHistogram::kLimits> made{};
    double limit = 10;
    for (double& each : made) {
      each = limit;
      limit *= 1.8;
    }
    return made;
  }();
  return limits;
}

template <typename Buckets>
std::vector<uint64_t> Load(const Buckets& buckets) {
  std::vector<uint64_t> values;
  values.reserve(buckets.size());
  for (const auto& bucket : buckets) values.push_back(bucket.load(std::memory_order_relaxed));
  return values;
}

}  // namespace

size_t LatencyHistogram::BucketOf(double microseconds) {
  const auto& limits = LatencyLimits();
  return static_cast<size_t>(std::upper_bound(limits.begin(), limits.end(), microseconds) -
                             limits.begin());
}

void LatencyHistogram::Record(std::chrono::nanoseconds latency) {
  const uint64_t nanoseconds = static_cast<uint64_t>(std::max<int64_t>(0, latency.count()));
  const size_t bucket = BucketOf(static_cast<double>(nanoseconds) / 1000);
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_nanoseconds_.fetch_add(nanoseconds, std::memory_order_relaxed);
}

HistogramValues LatencyHistogram::Read() const {
  return {Load(buckets_),
          static_cast<double>(sum_nanoseconds_.load(std::memory_order_relaxed)) / 1000};
}

void ExampleCounts::Record(int64_t examples) {
  size_t bucket = 0;
  while (bucket < kLimits && examples >= int64_t{1} << bucket) ++bucket;
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(static_cast<uint64_t>(examples), std::memory_order_relaxed);
}

HistogramValues ExampleCounts::Read() const {
  return {Load(buckets_), static_cast<double>(sum_.load(std::memory_order_relaxed))};
}

RunStatistics& RunStatistics::Process() {
  static auto* const statistics = new RunStatistics();  // runs may outlive static destruction
  return *statistics;
}

void RunStatistics::CountGraphRun(std::chrono::nanoseconds time) {
  GraphRunShard& shard = graph_runs_[ThreadShard()];
  shard.runs.fetch_add(1, std::memory_order_relaxed);
  shard.nanoseconds.fetch_add(static_cast<uint64_t>(time.count()), std::memory_order_relaxed);
}

GraphRuns RunStatistics::graph_runs() const {
  GraphRuns sum;
  uint64_t nanoseconds = 0;
  for (const GraphRunShard& shard : graph_runs_) {
    sum.runs += shard.runs.load(std::memory_order_relaxed);
    nanoseconds += shard.nanoseconds.load(std::memory_order_relaxed);
  }
  sum.microseconds = nanoseconds / 1000;
  return sum;
}

ModelStatistics* RunStatistics::Model(const std::string& name) {
  const MutexLock lock(&mutex_);
  std::unique_ptr<ModelStatistics>& model = models_[name];
  if (model == nullptr) model = std::make_unique<ModelStatistics>(name);
  return model.get();
}

void RunStatistics::CountLoad(const std::string& path, bool ok, std::chrono::nanoseconds duration) {
  const MutexLock lock(&mutex_);
  LoadStatistics& load = loads_[path];
  ++(ok ? load.successes : load.failures);
  load.microseconds += static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

std::vector<const ModelStatistics*> RunStatistics::Models() const {
  const MutexLock lock(&mutex_);
  std::vector<const ModelStatistics*> models;
  models.reserve(models_.size());
  for (const auto& [name, model] : models_) models.push_back(model.get());
  return models;
}

std::map<std::string, LoadStatistics> RunStatistics::Loads() const {
  const MutexLock lock(&mutex_);
  return loads_;
}

}  // namespace tensorgate
