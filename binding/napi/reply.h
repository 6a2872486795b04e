// The bytes of an answer as a JavaScript value. THREAD: JavaScript's.
#pragma once

#include <napi.h>

#include "codec/output_buffer.h"

namespace tensorgate {

// A string where the reply `is_text`, ASCII and small; else a Buffer. OWNERSHIP: takes the bytes.
napi_value ReplyValue(napi_env env, OutputBuffer* reply, bool is_text);

}  // namespace tensorgate
