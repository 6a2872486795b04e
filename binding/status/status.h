// Status: how every fallible function below binding/napi reports its outcome. No exceptions.
// The codes are the canonical ones that TensorFlow, gRPC and src/status share.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "status/violation.h"

namespace tensorgate {

enum class Code : int {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// The canonical name, as upstream prints it inside wrapped messages: "INVALID_ARGUMENT".
const char* CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  // `message` reaches clients unchanged, so it is upstream's text wherever upstream has one. What
  // it leaves out travels beside it, as violations.
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  // Adds a violation. Beyond kMaxViolations there is none added; see violation.h for the limits.
  Status With(std::string_view field, std::string description) &&;
  // Adds those of `inner`, each field continued from `path`.
  Status WithThoseOf(const Status& inner, std::string_view path) &&;
  // This status with its fields continued from `path`. OK stays OK.
  Status Under(std::string_view path) &&;

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::vector<Violation>& violations() const { return violations_; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
  std::vector<Violation> violations_;  // takes no memory while it is empty
};

inline Status InvalidArgument(std::string message) {
  return Status(Code::kInvalidArgument, std::move(message));
}

// INVALID_ARGUMENT "<field>: <what>", with just that as its violation.
inline Status InvalidField(std::string_view field, const std::string& what) {
  return InvalidArgument(std::string(field) + ": " + what).With(field, what);
}

}  // namespace tensorgate
