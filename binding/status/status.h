// Status: how every fallible function below binding/napi reports its outcome. No exceptions.
// The codes are the canonical ones that TensorFlow, gRPC and src/status share.
#pragma once

#include <string>
#include <utility>

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
  // `message` reaches clients unchanged, so it is upstream's text wherever upstream has one.
  // `detail` says what that text leaves out (where, expected, given); it goes to the log.
  Status(Code code, std::string message, std::string detail = {})
      : code_(code), message_(std::move(message)), detail_(std::move(detail)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& detail() const { return detail_; }

 private:
  Code code_ = Code::kOk;
  std::string message_;
  std::string detail_;
};

inline Status InvalidArgument(std::string message, std::string detail = {}) {
  return Status(Code::kInvalidArgument, std::move(message), std::move(detail));
}

}  // namespace tensorgate
