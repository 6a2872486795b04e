// A cleanup hook of an environment (Node-API's word for what runs as it exits) that closes the
// polls of its loop: so a worker thread can end that still has sockets of uWebSockets.
#pragma once

#include <napi.h>

namespace tensorgate {

// Adds addPollCleanupHook() to `exports`.
void ExportPollCleanupHook(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
