// httpMissing, httpOpen, httpAnswer, …: the native REST transport as JavaScript sees it; described
// in src/native/http.ts.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportHttp(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
