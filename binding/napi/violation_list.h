// How a Status's violations cross to JavaScript.
#pragma once

#include <napi.h>

#include "status/status.h"

namespace tensorgate {

// [field, description, field, …], or null when there are none. THREAD: JavaScript's.
napi_value ViolationList(napi_env env, const Status& status);

// [code, message, violations]. THREAD: JavaScript's.
Napi::Value ErrorTuple(Napi::Env env, const Status& status);

}  // namespace tensorgate
