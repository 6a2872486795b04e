// transportListen, transportRoutes, transportLend, …: what JavaScript does with a transport,
// whatever its protocol; described in src/native/transport.ts.
#pragma once

#include <napi.h>

#include "napi/transport.h"

namespace tensorgate {

// The member `surface` of a transport's options: whose access control it asks.
bool ReadAccessSurface(const Napi::Object& options, AccessSurface* surface);

// Argument 0 of all: what TransportValue() gave. Null where the transport is gone.
Transport* TransportOf(const Napi::CallbackInfo& info);

// What JavaScript knows a transport by. OWNERSHIP: it takes the cell, which the transport writes.
Napi::Value TransportValue(Napi::Env env, Transport** cell);

void ExportTransport(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
