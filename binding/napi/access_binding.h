// What JavaScript tells AccessControl and asks of it. See src/native/access.ts.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportAccess(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
