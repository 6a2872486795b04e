// A request that another version has answered, run again on its shadow version, and the comparison
// of both outcomes. The shadow's answer goes nowhere. THREAD: run pool.
#pragma once

#include <string>
#include <string_view>

#include "call/inference_call.h"
#include "codec/method.h"
#include "status/status.h"

namespace tensorgate {

enum class ShadowOutcome { kAgreed = 0, kDiffered = 1, kFailed = 2 };

// What the client got.
struct PrimaryAnswer {
  Code code = Code::kOk;
  std::string_view reply;  // with kOk
  bool is_json = false;
};

struct ShadowResult {
  ShadowOutcome outcome = ShadowOutcome::kAgreed;
  std::string detail;  // empty when they agreed
};

// Decodes, runs and compares. Two errors agree when their codes do: texts may name the version.
// kFailed: the shadow alone has an error. REQUIRES: `call` is new and of `method`, of which
// SessionRun is none; `primary` came from the same kind of call.
ShadowResult RunShadow(InferenceCall* call, std::string_view body, Method method,
                       const PrimaryAnswer& primary, double tolerance);

}  // namespace tensorgate
