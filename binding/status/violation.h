// Violation: what an error text leaves out: which part of the request was wrong, what was expected
// there and what was given. Much of it is the client's own text, so all of it is bounded and valid
// UTF-8 before it is kept. No state; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tensorgate {

struct Violation {
  std::string field;  // a path into the request: inputs["x"].float_val, instances[3].x
  std::string description;
};

constexpr size_t kMaxViolations = 16;
constexpr size_t kMaxFieldBytes = 256;
constexpr size_t kMaxDescriptionBytes = 512;

// At most `max_bytes` of `text`, which ends in "..." when it was cut; bytes that are no UTF-8 and
// control characters become '?'. REQUIRES: max_bytes >= 3.
std::string FittingText(std::string_view text, size_t max_bytes);

// A client's text in double quotes, cut at 64 bytes.
std::string Quoted(std::string_view text);

// A step of a path: ["name"], and .name for what reads as an identifier.
std::string KeyStep(std::string_view name);
std::string MemberStep(std::string_view name);
std::string IndexStep(size_t index);

}  // namespace tensorgate
