// What JavaScript says and hears of the rows of signatures.
#pragma once

#include <napi.h>

#include <optional>
#include <vector>

#include "warmup/row_independence.h"

namespace tensorgate {

// [signature, refusal, isProven, oneRowNanos, twoRowsNanos] of each.
Napi::Value SignatureRowsValue(Napi::Env env, const std::vector<SignatureRows>& results);

// `rows` of the options of loads: null, 'prove' or 'assume-independent'. False: a TypeError is
// pending.
bool ReadRowPolicy(Napi::Env env, const Napi::Value& given, std::optional<RowPolicy>* out);

}  // namespace tensorgate
