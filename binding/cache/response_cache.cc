#include "cache/response_cache.h"

#include <iterator>

#include "cache/response_caches.h"

namespace tensorgate {
namespace {

// Of an entry beside its key's bytes and its outputs: its node of the list, and that of the map.
constexpr size_t kEntryBytes = 256;

// A single answer takes no more than this part of the cache.
constexpr size_t kLargestPart = 8;

}  // namespace

ResponseCache::ResponseCache(std::string name, int64_t version)
    : name_(std::move(name)), version_(version) {
  ResponseCaches::Process().Add(this);
}

ResponseCache::~ResponseCache() { ResponseCaches::Process().Remove(this); }

void ResponseCache::Configure(const CacheSettings& settings) {
  MutexLock lock(&mutex_);
  const CacheSettings* const before = this->settings();
  const bool is_on = settings.max_bytes > 0;
  if (before == nullptr ? !is_on : *before == settings) return;
  const bool stay =
      is_on && before != nullptr && before->ttl == settings.ttl && before->key == settings.key;
  if (is_on) all_settings_.push_back(std::make_unique<const CacheSettings>(settings));
  settings_.store(is_on ? all_settings_.back().get() : nullptr, std::memory_order_release);
  if (!stay) Forget();
  ShrinkTo(settings.max_bytes);
}

ResponseCache::Found ResponseCache::Find(RequestKey key, RunBy by, bool refreshes,
                                         Clock::time_point now) {
  Found found;
  MutexLock lock(&mutex_);
  if (settings() == nullptr) return found;
  if (!refreshes) {
    const auto kept = by_key_.find(&key);
    if (kept != by_key_.end()) {
      const Entries::iterator entry = kept->second;
      if (now < entry->expiry) {
        entries_.splice(entries_.begin(), entries_, entry);
        ++counts_.hits;
        found.answer = entry->outputs;
        return found;
      }
      Remove(entry);
    }
  }
  const bool may_wait = !ResponseCaches::Process().IsPaused();
  const auto running = may_wait ? flights_.find(&key) : flights_.end();
  if (running != flights_.end() && !refreshes) {
    if (running->second->Admits(by)) {
      ++counts_.shared;
      found.flight = running->second;
    } else {
      ++counts_.misses;
    }
    return found;
  }
  ++(refreshes ? counts_.refreshed : counts_.misses);
  auto flight = std::make_shared<Flight>(std::move(key), by);
  if (may_wait && running == flights_.end()) {
    flight->is_registered_ = true;
    flights_.emplace(&flight->key_, flight);
  }
  found.lead = std::make_unique<Lead>(this, std::move(flight), generation_);
  return found;
}

void ResponseCache::Lead::Keep(const std::vector<TensorView>& outputs, Clock::time_point now) {
  const CacheSettings* const settings = cache_->settings();
  if (settings == nullptr) return;
  if (KeptOutputs::BytesOf(outputs) > settings->max_bytes / kLargestPart) return;
  cache_->EndFlight(flight_.get(), KeptOutputs::CopyOf(outputs), generation_, now);
}

void ResponseCache::EndFlight(Flight* flight, std::shared_ptr<const KeptOutputs> outputs,
                              uint64_t generation, Clock::time_point now) {
  std::shared_ptr<Flight> registered;
  {
    MutexLock lock(&mutex_);
    if (flight->is_registered_) {
      const auto found = flights_.find(&flight->key_);
      registered = std::move(found->second);
      flights_.erase(found);
      flight->is_registered_ = false;
    }
    const CacheSettings* const settings = this->settings();
    if (outputs != nullptr && settings != nullptr && generation == generation_) {
      const size_t bytes = kEntryBytes + flight->key_.bytes.size() + outputs->bytes();
      const Clock::time_point expiry =
          settings->ttl.count() > 0 ? now + settings->ttl : Clock::time_point::max();
      if (bytes <= settings->max_bytes / kLargestPart) {
        Store(std::move(flight->key_), outputs, bytes, expiry);
        ShrinkTo(settings->max_bytes);
      }
    }
  }
  flight->End(std::move(outputs));
}

void ResponseCache::Store(RequestKey key, std::shared_ptr<const KeptOutputs> outputs, size_t bytes,
                          Clock::time_point expiry) {
  const auto before = by_key_.find(&key);
  if (before != by_key_.end()) Remove(before->second);
  key.bytes.shrink_to_fit();
  entries_.push_front(Entry{std::move(key), std::move(outputs), expiry, bytes});
  by_key_.emplace(&entries_.front().key, entries_.begin());
  bytes_ += bytes;
}

void ResponseCache::Remove(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  by_key_.erase(&entry->key);
  entries_.erase(entry);
}

void ResponseCache::ShrinkTo(size_t bytes) {
  while (bytes_ > bytes) {
    Remove(std::prev(entries_.end()));
    ++counts_.evictions;
  }
}

void ResponseCache::Forget() {
  by_key_.clear();
  entries_.clear();
  bytes_ = 0;
  ++generation_;
  for (auto& [key, flight] : flights_) flight->is_registered_ = false;
  flights_.clear();
}

void ResponseCache::Clear() {
  MutexLock lock(&mutex_);
  Forget();
}

void ResponseCache::EndFlights() {
  std::vector<std::shared_ptr<Flight>> flights;
  {
    MutexLock lock(&mutex_);
    for (auto& [key, flight] : flights_) {
      flight->is_registered_ = false;
      flights.push_back(std::move(flight));
    }
    flights_.clear();
  }
  for (const std::shared_ptr<Flight>& flight : flights) flight->End(nullptr);
}

ResponseCache::Counts ResponseCache::Read() {
  MutexLock lock(&mutex_);
  Counts counts = counts_;
  counts.name = name_;
  counts.version = version_;
  counts.is_on = settings() != nullptr;
  counts.entries = entries_.size();
  counts.bytes = bytes_;
  return counts;
}

}  // namespace tensorgate
