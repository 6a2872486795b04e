#include "model/servable_registry.h"

#include <utility>

#include "pool/allocator.h"
#include "pool/load_priority.h"

namespace tensorgate {

// Shared by the registry and every run: the aliasing pointers that Find() gives out keep it alive.
// Its end, wherever that comes, sends the model to the disposers.
struct ServableRegistry::Entry {
  Entry(std::unique_ptr<Servable> loaded, WorkerPool* pool)
      : model(std::move(loaded)), disposers(pool) {}
  ~Entry();

  std::unique_ptr<Servable> model;
  WorkerPool* disposers;
  std::unique_ptr<Job>
      when_freed;  // set by Remove(), under the registry's lock, before the last drop
};

namespace {

class Disposal : public Job {
 public:
  Disposal(std::unique_ptr<Servable> model, std::unique_ptr<Job> when_freed)
      : model_(std::move(model)), when_freed_(std::move(when_freed)) {}

  void Run(std::unique_ptr<Job>) override {
    YieldToRequests();
    model_.reset();
    ReleaseFreed();  // without it the process would only grow
    if (when_freed_ == nullptr) return;
    Job* job = when_freed_.get();
    job->Run(std::move(when_freed_));
  }

 private:
  std::unique_ptr<Servable> model_;
  std::unique_ptr<Job> when_freed_;
};

}  // namespace

ServableRegistry::Entry::~Entry() {
  disposers->PostAlways(std::make_unique<Disposal>(std::move(model), std::move(when_freed)));
}

uint32_t ServableRegistry::Add(std::unique_ptr<Servable> model) {
  auto entry = std::make_shared<Entry>(std::move(model), disposers_);
  MutexLock lock(&mutex_);
  const uint32_t id = next_id_++;
  entries_.emplace(id, std::move(entry));
  return id;
}

std::shared_ptr<const Servable> ServableRegistry::Find(uint32_t id) {
  MutexLock lock(&mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return nullptr;
  return std::shared_ptr<const Servable>(found->second, found->second->model.get());
}

bool ServableRegistry::Remove(uint32_t id, std::unique_ptr<Job>* when_freed) {
  std::shared_ptr<Entry> entry;  // dropped after the lock is released
  MutexLock lock(&mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  entry = std::move(found->second);
  entries_.erase(found);
  entry->when_freed = std::move(*when_freed);
  return true;
}

}  // namespace tensorgate
