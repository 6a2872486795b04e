#include "napi/tensor_sets.h"

#include <utility>
#include <vector>

#include "napi/environment.h"

namespace tensorgate {

TensorSets& TensorSets::Get() {
  static auto* const sets = new TensorSets();
  return *sets;
}

uint64_t TensorSets::Hold(std::shared_ptr<const TensorSet> set, const Environment* owner) {
  const MutexLock lock(&mutex_);
  sets_.emplace(next_number_, Held{std::move(set), owner});
  return next_number_++;
}

std::shared_ptr<const TensorSet> TensorSets::Find(uint64_t number) {
  const MutexLock lock(&mutex_);
  const auto found = sets_.find(number);
  return found == sets_.end() ? nullptr : found->second.set;
}

bool TensorSets::Adopt(uint64_t number, const Environment* owner) {
  const MutexLock lock(&mutex_);
  const auto found = sets_.find(number);
  if (found == sets_.end()) return false;
  found->second.owner = owner;
  return true;
}

bool TensorSets::Drop(uint64_t number) {
  std::shared_ptr<const TensorSet> dropped;  // freed without the lock
  const MutexLock lock(&mutex_);
  const auto found = sets_.find(number);
  if (found == sets_.end()) return false;
  dropped = std::move(found->second.set);
  sets_.erase(found);
  return true;
}

void TensorSets::DropAllOf(const Environment* owner) {
  std::vector<std::shared_ptr<const TensorSet>> dropped;
  const MutexLock lock(&mutex_);
  for (auto each = sets_.begin(); each != sets_.end();) {
    if (each->second.owner == owner) {
      dropped.push_back(std::move(each->second.set));
      each = sets_.erase(each);
    } else {
      ++each;
    }
  }
}

size_t TensorSets::size() {
  const MutexLock lock(&mutex_);
  return sets_.size();
}

napi_value TensorSetValue(napi_env env, std::shared_ptr<const TensorSet> set) {
  const uint64_t number = TensorSets::Get().Hold(std::move(set), &Environment::From(env));
  return Napi::Number::New(env, static_cast<double>(number));
}

}  // namespace tensorgate
