// loadTable: a lookup table's way into the process-wide registry. THREAD: JavaScript's.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportTable(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
