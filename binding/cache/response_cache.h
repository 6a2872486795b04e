// ResponseCache: the outputs of a loaded version's runs, kept for equal requests: least recently
// used first out, within a number of bytes. Equal requests at the same time share one run. A
// version has one of its own, so that no answer outlives the version that gave it. Off until its
// model's settings say otherwise. Any thread; a lock for a lookup's time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cache/cache_settings.h"
#include "cache/flight.h"
#include "cache/kept_outputs.h"
#include "cache/request_key.h"
#include "pool/mutex.h"

namespace tensorgate {

class ResponseCache {
 public:
  using Clock = std::chrono::steady_clock;

  // The run of a request whose answer is to be kept, and which others may be waiting for. Where it
  // goes without Keep(), they run by themselves.
  class Lead {
   public:
    // REQUIRES: the cache outlives it.
    Lead(ResponseCache* cache, std::shared_ptr<Flight> flight, uint64_t generation)
        : cache_(cache), flight_(std::move(flight)), generation_(generation) {}
    ~Lead() { cache_->EndFlight(flight_.get(), nullptr, generation_, Clock::time_point()); }
    Lead(const Lead&) = delete;
    Lead& operator=(const Lead&) = delete;

    // Copies the outputs of a run that went well. Those that are too large are neither kept nor
    // shared.
    void Keep(const std::vector<TensorView>& outputs, Clock::time_point now = Clock::now());

   private:
    ResponseCache* const cache_;
    const std::shared_ptr<Flight> flight_;
    const uint64_t generation_;
  };

  // What a request finds: one of the three, or nothing where it is to run without a trace here.
  struct Found {
    std::shared_ptr<const KeptOutputs> answer;
    std::shared_ptr<Flight> flight;  // of an equal request, whose answer can be waited for
    std::unique_ptr<Lead> lead;      // nobody has asked before
  };

  // Of the model's name and version as the page of metrics has them.
  ResponseCache(std::string name, int64_t version);
  ~ResponseCache();
  ResponseCache(const ResponseCache&) = delete;
  ResponseCache& operator=(const ResponseCache&) = delete;

  // Null: off. They stay valid as long as the cache.
  const CacheSettings* settings() const { return settings_.load(std::memory_order_acquire); }

  // `refreshes`: whatever is kept, the request runs, and its answer takes the place of that.
  Found Find(RequestKey key, RunBy by, bool refreshes, Clock::time_point now = Clock::now());

  // Forgets all, and what is being run now is not kept: something may answer otherwise from here.
  void Clear();

  struct Counts {
    std::string name;
    int64_t version = 0;
    bool is_on = false;
    uint64_t hits = 0;
    uint64_t shared = 0;     // waited for the run of an equal request
    uint64_t misses = 0;     // ran
    uint64_t refreshed = 0;  // ran, since their clients asked for that
    uint64_t evictions = 0;  // for want of room
    uint64_t entries = 0;
    uint64_t bytes = 0;
  };
  Counts Read();

 private:
  friend class ResponseCaches;
  struct Entry {
    RequestKey key;
    std::shared_ptr<const KeptOutputs> outputs;
    Clock::time_point expiry;
    size_t bytes = 0;
  };
  using Entries = std::list<Entry>;
  struct KeyHash {
    size_t operator()(const RequestKey* key) const { return key->hash; }
  };
  struct KeyEqual {
    bool operator()(const RequestKey* a, const RequestKey* b) const { return *a == *b; }
  };

  void Configure(const CacheSettings& settings);
  // None of those in flight is waited for any more.
  void EndFlights();
  // `outputs` null: there is nothing to keep.
  void EndFlight(Flight* flight, std::shared_ptr<const KeptOutputs> outputs, uint64_t generation,
                 Clock::time_point now);
  void Store(RequestKey key, std::shared_ptr<const KeptOutputs> outputs, size_t bytes,
             Clock::time_point expiry) REQUIRES_LOCK(mutex_);
  void Remove(Entries::iterator entry) REQUIRES_LOCK(mutex_);
  void ShrinkTo(size_t bytes) REQUIRES_LOCK(mutex_);
  void Forget() REQUIRES_LOCK(mutex_);

  const std::string name_;
  const int64_t version_;
  std::atomic<const CacheSettings*> settings_{nullptr};

  Mutex mutex_;
  // All there ever were: requests read them without a lock, and they change with a configuration.
  std::vector<std::unique_ptr<const CacheSettings>> all_settings_ GUARDED_BY(mutex_);
  Entries entries_ GUARDED_BY(mutex_);  // the one that was used last is the first
  std::unordered_map<const RequestKey*, Entries::iterator, KeyHash, KeyEqual> by_key_
      GUARDED_BY(mutex_);
  std::unordered_map<const RequestKey*, std::shared_ptr<Flight>, KeyHash, KeyEqual> flights_
      GUARDED_BY(mutex_);
  size_t bytes_ GUARDED_BY(mutex_) = 0;
  uint64_t generation_ GUARDED_BY(mutex_) = 0;
  Counts counts_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate
