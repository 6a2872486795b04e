#include "cache/response_caches.h"

#include <utility>

namespace tensorgate {

ResponseCaches& ResponseCaches::Process() {
  static auto* const caches = new ResponseCaches();  // models may outlive static destruction
  return *caches;
}

void ResponseCaches::Configure(std::map<std::string, CacheSettings> of_models) {
  MutexLock lock(&mutex_);
  settings_ = std::move(of_models);
  for (ResponseCache* const cache : caches_) {
    const auto found = settings_.find(cache->name_);
    cache->Configure(found == settings_.end() ? CacheSettings() : found->second);
  }
}

std::vector<ResponseCache::Counts> ResponseCaches::Read() {
  std::vector<ResponseCache::Counts> all;
  MutexLock lock(&mutex_);
  for (ResponseCache* const cache : caches_) {
    ResponseCache::Counts counts = cache->Read();
    const uint64_t requests = counts.hits + counts.shared + counts.misses + counts.refreshed;
    if (counts.is_on || requests > 0) all.push_back(std::move(counts));
  }
  return all;
}

void ResponseCaches::Add(ResponseCache* cache) {
  MutexLock lock(&mutex_);
  caches_.insert(cache);
  const auto found = settings_.find(cache->name_);
  if (found != settings_.end()) cache->Configure(found->second);
}

void ResponseCaches::Remove(ResponseCache* cache) {
  MutexLock lock(&mutex_);
  caches_.erase(cache);
}

ResponseCaches::Pause::Pause() {
  ResponseCaches& caches = Process();
  caches.pauses_.fetch_add(1, std::memory_order_acq_rel);
  MutexLock lock(&caches.mutex_);
  for (ResponseCache* const cache : caches.caches_) cache->EndFlights();
}

ResponseCaches::Pause::~Pause() { Process().pauses_.fetch_sub(1, std::memory_order_acq_rel); }

}  // namespace tensorgate
