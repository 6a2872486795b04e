#include "napi/tensor_memory.h"

#include <atomic>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "pool/mutex.h"

namespace tensorgate {
namespace {

// Below this a copy is cheaper than an external ArrayBuffer and its finalizer.
constexpr size_t kCopyBytes = 32 << 10;

std::atomic<int64_t> live_array_buffers{0};

// By address. An entry lives until its ArrayBuffer is collected, even when a run has taken the
// memory, so an address cannot come up twice.
struct Lent {
  Mutex mutex;
  std::unordered_map<void*, std::shared_ptr<AlignedBuffer>> by_address GUARDED_BY(mutex);
};

Lent& GetLent() {
  static Lent* const lent = new Lent();
  return *lent;
}

// Finalizers make no Node-API calls, so they may run during garbage collection.
void ForgetInput(napi_env, void* data, void*) {
  live_array_buffers.fetch_sub(1, std::memory_order_relaxed);
  std::shared_ptr<AlignedBuffer> dropped;  // freed after the lock is released
  MutexLock lock(&GetLent().mutex);
  const auto found = GetLent().by_address.find(data);
  dropped = std::move(found->second);
  GetLent().by_address.erase(found);
}

void ForgetOutput(napi_env, void*, void* tensor) {
  live_array_buffers.fetch_sub(1, std::memory_order_relaxed);
  TF_DeleteTensor(static_cast<TF_Tensor*>(tensor));
}

}  // namespace

napi_value AllocateTensorMemory(Napi::Env env, size_t bytes) {
  napi_value value = nullptr;
  auto memory = std::make_shared<AlignedBuffer>();
  if (!memory->Resize(bytes > 0 ? bytes : 1)) {
    Napi::RangeError::New(env, "out of memory for " + std::to_string(bytes) + " bytes")
        .ThrowAsJavaScriptException();
    return value;
  }
  std::memset(memory->data(), 0, memory->size());
  (void)memory->Resize(bytes);
  void* data = memory->data();
  {
    MutexLock lock(&GetLent().mutex);
    GetLent().by_address.emplace(data, std::move(memory));
  }
  live_array_buffers.fetch_add(1, std::memory_order_relaxed);
  napi_create_external_arraybuffer(env, data, bytes, &ForgetInput, nullptr, &value);
  return value;
}

std::shared_ptr<AlignedBuffer> TakeTensorMemory(Napi::Env env, napi_value array_buffer) {
  void* data = nullptr;
  size_t size = 0;
  if (napi_get_arraybuffer_info(env, array_buffer, &data, &size) != napi_ok) return nullptr;
  std::shared_ptr<AlignedBuffer> memory;
  {
    MutexLock lock(&GetLent().mutex);
    const auto found = GetLent().by_address.find(data);
    if (found == GetLent().by_address.end()) return nullptr;
    memory = found->second;
  }
  napi_detach_arraybuffer(env, array_buffer);
  return memory;
}

napi_value LendTensor(napi_env env, TensorHandle tensor) {
  napi_value value = nullptr;
  const size_t bytes = TF_TensorByteSize(tensor.get());
  void* data = TF_TensorData(tensor.get());
  if (bytes <= kCopyBytes) {
    void* copy = nullptr;
    napi_create_arraybuffer(env, bytes, &copy, &value);
    if (bytes > 0) std::memcpy(copy, data, bytes);
    return value;
  }
  live_array_buffers.fetch_add(1, std::memory_order_relaxed);
  napi_create_external_arraybuffer(env, data, bytes, &ForgetOutput, tensor.release(), &value);
  return value;
}

int64_t LiveArrayBuffers() { return live_array_buffers.load(std::memory_order_relaxed); }

}  // namespace tensorgate
