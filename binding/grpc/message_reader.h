// MessageReader: length-prefixed messages out of DATA frames as they come. Owned by a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "net/received_bytes.h"

namespace tensorgate {

struct GrpcMessage : ReceivedBytes {
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
  char prefix_[5];
  size_t prefix_size_ = 0;
  uint32_t length_ = 0;
  GrpcMessage message_;
};

}  // namespace tensorgate
