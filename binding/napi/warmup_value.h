// How warm-ups cross into JavaScript and out of it; see NativeWarmup in src/native/binding.ts.
#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "warmup/warmup.h"

namespace tensorgate {

// {hasFile, readThrough, records, micros, failure, synthetic}
Napi::Value WarmupValue(Napi::Env env, const WarmupReport& report);

// `warmup` of load's options: null for none, else {iterations, synthetic, batchRows}. `path`: the
// version's folder. False: an exception is pending.
bool ReadWarmup(Napi::Env env, const Napi::Value& given, const std::string& path,
                std::optional<WarmupOptions>* out);

}  // namespace tensorgate
