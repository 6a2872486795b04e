// Execution plans as JavaScript gives and gets them. THREAD: that of the environment.
#pragma once

#include <napi.h>

#include <optional>

#include "plan/plan.h"

namespace tensorgate {

// `plan` of load's options: {wanted, refusal, synthetic, tryPool, trialMillis, openVino, known}.
// Throws a TypeError and returns false for anything else. Leaves out what LoadOptions has, too.
bool ReadPlanOptions(Napi::Env env, const Napi::Value& given, PlanOptions* options);

// {plan, callerThread, reason, tried, fromCheckpoint, cases, largestDifference, times, variables,
// weightBytes, sharedWeights, fused, nan, graph, noSharedWeights, noOpenVino, micros}
Napi::Value PlanValue(Napi::Env env, const PlanReport& report);

}  // namespace tensorgate
