// closePollsAtEnd: what lets a worker thread end that still has sockets of uWebSockets.
#pragma once

#include <napi.h>

namespace tensorgate {

// Adds closePollsAtEnd() to `exports`.
void ExportPollsAtEnd(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
