// What GrpcTransport tells JavaScript, as values. THREAD: JavaScript's.
#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "napi/grpc_transport.h"

namespace tensorgate {

// One call of the function that `deliver` refers to, with a flat array. A call that is not open any
// more is left out.
void DeliverGrpcEvents(napi_env env, napi_ref deliver, napi_async_context context,
                       std::vector<GrpcEvent>* events,
                       const std::function<bool(uint64_t id)>& is_open);

}  // namespace tensorgate
