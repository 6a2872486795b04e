// MessageReader: length-prefixed messages out of DATA frames as they come. Each message is gathered
// in one buffer, which grows with what has come rather than with what the prefix says. Owned by a
// call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "codec/output_buffer.h"
#include "grpc/memory_budget.h"

namespace tensorgate {

// A message as it came, and its part of the budget.
struct GrpcMessage {
  OutputBuffer bytes;
  HeldBytes held;
  bool compressed = false;
};

class MessageReader {
 public:
  enum class Result { kMore, kMessage, kMalformed, kTooLarge, kNoMemory };

  // Reads on, up to the end of a message at most, and drops from `bytes` what it has read. UNITS:
  // `most` bytes a message, negative for no limit. kMore: `bytes` is empty.
  Result Read(std::string_view* bytes, int64_t most, MemoryBudget* budget);

  // After kMessage; once.
  GrpcMessage Take();

  // Of the message that is being read.
  uint32_t length() const { return length_; }

 private:
  bool Reserve(MemoryBudget* budget);

  char prefix_[5];
  size_t prefix_size_ = 0;
  uint32_t length_ = 0;
  GrpcMessage message_;
};

}  // namespace tensorgate
