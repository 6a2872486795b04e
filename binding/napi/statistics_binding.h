// What JavaScript can read of RunStatistics.
#pragma once

#include <napi.h>

namespace tensorgate {

void ExportStatistics(Napi::Env env, Napi::Object exports);

}  // namespace tensorgate
