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

// Two errors agree when their codes do: texts may name the version. kFailed: the shadow alone has
// an error. `shadow` is its answer, where `status` is OK. REQUIRES: both came from the same kind of
// call, of `method`, of which SessionRun is none.
ShadowResult CompareAnswers(Method method, const PrimaryAnswer& primary, const Status& status,
                            std::string_view shadow, double tolerance);

// Decodes, runs and compares. REQUIRES: `call` is new; otherwise as CompareAnswers().
ShadowResult RunShadow(InferenceCall* call, std::string_view body, Method method,
                       const PrimaryAnswer& primary, double tolerance);

}  // namespace tensorgate
