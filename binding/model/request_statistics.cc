#include "model/request_statistics.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "pool/mutex.h"

namespace tensorgate {
namespace {

// Those of the versions that are loaded.
struct LoadedStatistics {
  Mutex mutex;
  std::set<const RequestStatistics*> all GUARDED_BY(mutex);
};

LoadedStatistics& Loaded() {
  static auto* const loaded = new LoadedStatistics();  // models may outlive static destruction
  return *loaded;
}

// What is at `place`; whoever comes first puts there what `make` makes.
template <typename T, typename Make>
T* FoundOrMade(std::atomic<T*>* place, Make make) {
  T* found = place->load(std::memory_order_acquire);
  if (found != nullptr) return found;
  std::unique_ptr<T> made(make());
  if (!place->compare_exchange_strong(found, made.get(), std::memory_order_acq_rel)) return found;
  return made.release();
}

}  // namespace

std::atomic<bool> RequestStatistics::is_on_{false};

void RequestStatistics::SwitchOn() { is_on_.store(true, std::memory_order_relaxed); }

size_t StageHistogram::BucketOf(uint64_t nanoseconds) {
  const uint64_t microseconds = nanoseconds / 1000;
  if (microseconds == 0) return 0;
  const auto bits = static_cast<size_t>(64 - __builtin_clzll(microseconds));
  return std::min(bits, kLimits);
}

void StageHistogram::Record(std::chrono::nanoseconds duration) {
  const auto nanoseconds = static_cast<uint64_t>(std::max<int64_t>(0, duration.count()));
  buckets_[BucketOf(nanoseconds)].fetch_add(1, std::memory_order_relaxed);
  sum_nanoseconds_.fetch_add(nanoseconds, std::memory_order_relaxed);
}

void StageHistogram::AddTo(double* numbers) const {
  for (size_t i = 0; i <= kLimits; ++i) {
    numbers[i] += static_cast<double>(buckets_[i].load(std::memory_order_relaxed));
  }
  numbers[kLimits + 1] +=
      static_cast<double>(sum_nanoseconds_.load(std::memory_order_relaxed)) / 1000;
}

RequestStatistics::RequestStatistics(std::string name, int64_t version,
                                     std::vector<std::string> signatures)
    : name_(std::move(name)), version_(version), signatures_(std::move(signatures)) {
  MutexLock lock(&Loaded().mutex);
  Loaded().all.insert(this);
}

RequestStatistics::~RequestStatistics() {
  {
    MutexLock lock(&Loaded().mutex);
    Loaded().all.erase(this);
  }
  for (Shard& shard : shards_) {
    const std::unique_ptr<Cells> cells(shard.cells.load(std::memory_order_acquire));
    if (cells == nullptr) continue;
    for (std::atomic<Cell*>& cell : *cells) delete cell.load(std::memory_order_acquire);
  }
}

RequestStatistics::Cell* RequestStatistics::CellAt(Shard* shard, size_t index) {
  Cells* const cells = FoundOrMade(
      &shard->cells, [this] { return new Cells((signatures_.size() + 1) * kMethods * kCodes); });
  return FoundOrMade(&(*cells)[index], [] { return new Cell(); });
}

void RequestStatistics::Record(std::ptrdiff_t signature, Method method, Code code,
                               std::chrono::nanoseconds whole, const StageTimes& stages) {
  const auto of_signature = static_cast<size_t>(signature + 1);
  const size_t index = (of_signature * kMethods + static_cast<size_t>(method)) * kCodes +
                       std::min(static_cast<size_t>(code), kCodes - 1);
  Cell* const cell = CellAt(&shards_[ThreadShard()], index);
  cell->histograms[0].Record(whole);
  for (size_t i = 0; i < kRequestStages; ++i) {
    if (stages[i].count() >= 0) cell->histograms[1 + i].Record(stages[i]);
  }
}

std::vector<RequestStatistics::Series> RequestStatistics::ReadSeries() {
  using Labels = std::tuple<std::string, int64_t, std::string, Method, Code>;
  std::map<Labels, Series> by_labels;
  MutexLock lock(&Loaded().mutex);
  for (const RequestStatistics* loaded : Loaded().all) {
    const auto& [name, version] = std::tie(loaded->name_, loaded->version_);
    for (const Shard& shard : loaded->shards_) {
      const Cells* const cells = shard.cells.load(std::memory_order_acquire);
      if (cells == nullptr) continue;
      for (size_t i = 0; i < cells->size(); ++i) {
        const Cell* const cell = (*cells)[i].load(std::memory_order_acquire);
        if (cell == nullptr) continue;
        const auto code = static_cast<Code>(i % kCodes);
        const auto method = static_cast<Method>(i / kCodes % kMethods);
        const size_t of_signature = i / kCodes / kMethods;
        const std::string signature =
            of_signature == 0 ? "" : loaded->signatures_[of_signature - 1];
        Series& sum = by_labels[{name, version, signature, method, code}];
        sum.name = name;
        sum.version = version;
        sum.signature = signature;
        sum.method = method;
        sum.code = code;
        for (size_t histogram = 0; histogram < kHistograms; ++histogram) {
          cell->histograms[histogram].AddTo(
              &sum.numbers[histogram * (StageHistogram::kLimits + 2)]);
        }
      }
    }
  }
  std::vector<Series> series;
  series.reserve(by_labels.size());
  for (auto& [labels, sum] : by_labels) series.push_back(std::move(sum));
  return series;
}

std::vector<RequestStatistics::InFlight> RequestStatistics::ReadInFlight() {
  std::map<std::pair<std::string, int64_t>, InFlight> by_version;
  MutexLock lock(&Loaded().mutex);
  for (const RequestStatistics* loaded : Loaded().all) {
    const auto& [name, version] = std::tie(loaded->name_, loaded->version_);
    InFlight& of_version = by_version[{name, version}];
    of_version.name = name;
    of_version.version = version;
    for (const Shard& shard : loaded->shards_) {
      of_version.requests += shard.in_flight.load(std::memory_order_relaxed);
    }
  }
  std::vector<InFlight> in_flight;
  in_flight.reserve(by_version.size());
  for (auto& [version, of_version] : by_version) in_flight.push_back(std::move(of_version));
  return in_flight;
}

}  // namespace tensorgate
