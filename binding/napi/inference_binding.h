// inferProto, inferJson, checkJson, readModelSpec: the inference path as JavaScript sees it.
// Request bytes in, response bytes out; nothing in between is visible to JavaScript.
#pragma once

#include <napi.h>

#include <cstddef>

namespace tensorgate {

// Bodies up to this size are decoded before the call returns, on the event loop: that takes
// microseconds and saves keeping the body. Larger ones are decoded on the run pool, and must stay
// as they are until the call is answered.
constexpr size_t kDecodeOnLoopBytes = 64 << 10;

void ExportInference(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
