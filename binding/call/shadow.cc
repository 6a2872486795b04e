#include "call/shadow.h"

#include <utility>

#include "codec/compare/answer_compare.h"

namespace tensorgate {
namespace {

std::string ReplyDifference(Method method, const PrimaryAnswer& primary, std::string_view shadow,
                            double tolerance) {
  if (primary.is_json) return JsonDifference(primary.reply, shadow, tolerance);
  switch (method) {
    case Method::kClassify:
      return ClassificationDifference(primary.reply, shadow, tolerance);
    case Method::kRegress:
      return RegressionDifference(primary.reply, shadow, tolerance);
    case Method::kMultiInference:
      return MultiInferenceDifference(primary.reply, shadow, tolerance);
    default:
      return PredictDifference(primary.reply, shadow, tolerance);
  }
}

}  // namespace

ShadowResult CompareAnswers(Method method, const PrimaryAnswer& primary, const Status& status,
                            std::string_view shadow, double tolerance) {
  if (status.code() != primary.code) {
    const bool only_shadow = primary.code == Code::kOk;
    const std::string error = status.ok() ? "" : ": " + status.message();
    return {only_shadow ? ShadowOutcome::kFailed : ShadowOutcome::kDiffered,
            DifferenceText("status", CodeName(primary.code), CodeName(status.code()) + error)};
  }
  if (!status.ok()) return {};
  std::string difference = ReplyDifference(method, primary, shadow, tolerance);
  if (difference.empty()) return {};
  return {ShadowOutcome::kDiffered, std::move(difference)};
}

ShadowResult RunShadow(InferenceCall* call, std::string_view body, Method method,
                       const PrimaryAnswer& primary, double tolerance) {
  call->LeaveUncounted();
  OutputBuffer out;
  Status status = call->Decode(body, DecodeLimits());
  if (status.ok()) status = call->RunAndEncode(&out);
  return CompareAnswers(method, primary, status, out.view(), tolerance);
}

}  // namespace tensorgate
