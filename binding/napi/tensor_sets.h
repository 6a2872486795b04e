// TensorSets: the sets of tensors that JavaScript holds, by numbers of their own. For the process:
// what one environment has made another may read and take over. Each is its environment's, at whose
// end it goes. THREAD: any.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "call/tensor_set.h"
#include "pool/mutex.h"

namespace tensorgate {

class Environment;

class TensorSets {
 public:
  static TensorSets& Get();

  // A number of up to 53 bits, never used again.
  uint64_t Hold(std::shared_ptr<const TensorSet> set, const Environment* owner);
  // Null where there is none of that number.
  std::shared_ptr<const TensorSet> Find(uint64_t number);
  // From here on it is `owner`'s. False where there is none of that number, as for Drop().
  bool Adopt(uint64_t number, const Environment* owner);
  bool Drop(uint64_t number);
  void DropAllOf(const Environment* owner);
  size_t size();

 private:
  struct Held {
    std::shared_ptr<const TensorSet> set;
    const Environment* owner;
  };

  Mutex mutex_;
  std::unordered_map<uint64_t, Held> sets_ GUARDED_BY(mutex_);
  uint64_t next_number_ GUARDED_BY(mutex_) = 1;
};

// Its number, held for that environment.
napi_value TensorSetValue(napi_env env, std::shared_ptr<const TensorSet> set);

}  // namespace tensorgate
