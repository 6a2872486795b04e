#include "napi/poll_cleanup_hook.h"

#include "net/uv.h"

namespace tensorgate {
namespace {

void ClosePoll(uv_handle_t* handle, void* /*unused*/) {
  if (uv_handle_get_type(handle) == kUvPoll && uv_is_closing(handle) == 0) {
    uv_close(handle, nullptr);
  }
}

// addPollCleanupHook(): closes the loop's polls when the environment exits; for a thread of ours,
// in which nobody else has polls. An open listener of uWebSockets is one, which it does not close
// itself; Node then aborts the process, which was to exit with a code of its own. Node runs the
// loop once more after the hooks.
void AddPollCleanupHook(const Napi::CallbackInfo& info) {
  uv_loop_s* loop = nullptr;
  if (UvMissing() != nullptr || napi_get_uv_event_loop(info.Env(), &loop) != napi_ok) return;
  napi_add_env_cleanup_hook(
      info.Env(), [](void* of) { uv_walk(static_cast<uv_loop_s*>(of), ClosePoll, nullptr); }, loop);
}

}  // namespace

void ExportPollCleanupHook(Napi::Env env, Napi::Object exports) {
  exports.Set("addPollCleanupHook",
              Napi::Function::New(env, AddPollCleanupHook, "addPollCleanupHook"));
}

}  // namespace tensorgate
