#include "napi/memory_binding.h"

#include <memory>
#include <utility>

#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/process.h"
#include "pool/allocator.h"
#include "pool/load_priority.h"

namespace tensorgate {
namespace {

class ReleaseJob : public AsyncJob {
 public:
  using AsyncJob::AsyncJob;

 protected:
  Status Execute() override {
    YieldToRequests();
    ReleaseFreed();
    return Status();
  }
};

// releaseFreed(slot)
void ReleaseFreedMemory(const Napi::CallbackInfo& info) {
  uint32_t slot;
  if (!ReadSlot(info, &slot)) return;
  Environment& environment = Environment::From(info.Env());
  environment.Submit(&Process::Get().loads,
                     std::make_unique<ReleaseJob>(slot, environment.completions()));
  Process::Get().loads.Wake();
}

}  // namespace

void ExportMemory(Napi::Env env, Napi::Object exports) {
  exports.Set("releaseFreed", Napi::Function::New(env, ReleaseFreedMemory, "releaseFreed"));
}

}  // namespace tensorgate
