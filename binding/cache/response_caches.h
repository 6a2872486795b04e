// ResponseCaches: those of all loaded versions, and what the configuration says of each model's.
// Of the process. Any thread; takes locks: per load or configuration, never per request.
#pragma once

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cache/response_cache.h"
#include "pool/mutex.h"

namespace tensorgate {

class ResponseCaches {
 public:
  static ResponseCaches& Process();

  // From now on, for the versions that are loaded and those to come; models that are not named have
  // none.
  void Configure(std::map<std::string, CacheSettings> of_models);

  // Of all loaded versions: those that are on, or were.
  std::vector<ResponseCache::Counts> Read();

  // While one lives, no request waits for another's run: for who waits for all of its own requests,
  // and keeps runs from beginning meanwhile.
  class Pause {
   public:
    Pause();
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
  };

 private:
  friend class ResponseCache;
  void Add(ResponseCache* cache);
  void Remove(ResponseCache* cache);
  bool IsPaused() const { return pauses_.load(std::memory_order_acquire) > 0; }

  std::atomic<int> pauses_{0};
  Mutex mutex_;
  std::map<std::string, CacheSettings> settings_ GUARDED_BY(mutex_);
  std::set<ResponseCache*> caches_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate
