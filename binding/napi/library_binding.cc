#include "napi/library_binding.h"

#include <memory>
#include <utility>

#include "model/op_libraries.h"
#include "napi/arguments.h"
#include "napi/environment.h"

namespace tensorgate {
namespace {

class LibraryJob : public AsyncJob {
 public:
  LibraryJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue, OpLibrary library)
      : AsyncJob(slot, std::move(queue)), library_(std::move(library)) {}

 protected:
  Status Execute() override { return OpLibraries::Get().Load(library_); }

 private:
  const OpLibrary library_;
};

// loadLibrary(slot, {path, role, digest}): on the load pool, since a library's initialisers may
// take any time.
void LoadLibrary(const Napi::CallbackInfo& info) {
  uint32_t slot;
  if (!ReadSlot(info, &slot)) return;
  if (!info[1].IsObject()) {
    ThrowTypeError(info.Env(), "library must be an object");
    return;
  }
  const Napi::Object given = info[1].As<Napi::Object>();
  OpLibrary library;
  if (!ReadString(given, "path", &library.path) || !ReadString(given, "role", &library.role) ||
      !ReadString(given, "digest", &library.digest)) {
    return;
  }
  Environment& environment = Environment::From(info.Env());
  environment.Submit(
      &Process::Get().loads,
      std::make_unique<LibraryJob>(slot, environment.completions(), std::move(library)));
  Process::Get().loads.Wake();
}

}  // namespace

void ExportLibrary(Napi::Env env, Napi::Object exports) {
  exports.Set("loadLibrary", Napi::Function::New(env, LoadLibrary, "loadLibrary"));
}

}  // namespace tensorgate
