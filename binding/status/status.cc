#include "status/status.h"

namespace tensorgate {

const char* CodeName(Code code) {
  switch (code) {
    case Code::kOk:
      return "OK";
    case Code::kCancelled:
      return "CANCELLED";
    case Code::kUnknown:
      return "UNKNOWN";
    case Code::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case Code::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kAlreadyExists:
      return "ALREADY_EXISTS";
    case Code::kPermissionDenied:
      return "PERMISSION_DENIED";
    case Code::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case Code::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case Code::kAborted:
      return "ABORTED";
    case Code::kOutOfRange:
      return "OUT_OF_RANGE";
    case Code::kUnimplemented:
      return "UNIMPLEMENTED";
    case Code::kInternal:
      return "INTERNAL";
    case Code::kUnavailable:
      return "UNAVAILABLE";
    case Code::kDataLoss:
      return "DATA_LOSS";
    case Code::kUnauthenticated:
      return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

Status Status::With(std::string_view field, std::string description) && {
  if (violations_.size() < kMaxViolations) {
    violations_.push_back(
        {FittingText(field, kMaxFieldBytes), FittingText(description, kMaxDescriptionBytes)});
  }
  return std::move(*this);
}

Status Status::WithThoseOf(const Status& inner, std::string_view path) && {
  for (const Violation& violation : inner.violations()) {
    // "[3]" and ".x" go on where `path` ends; a name follows a dot.
    const std::string& field = violation.field;
    const bool needs_dot =
        !path.empty() && !field.empty() && field.front() != '[' && field.front() != '.';
    *this = std::move(*this).With(std::string(path) + (needs_dot ? "." : "") + field,
                                  violation.description);
  }
  return std::move(*this);
}

Status Status::Under(std::string_view path) && {
  return ok() ? Status() : Status(code_, message_).WithThoseOf(*this, path);
}

}  // namespace tensorgate
