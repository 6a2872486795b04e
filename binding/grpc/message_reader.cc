#include "grpc/message_reader.h"

#include <algorithm>
#include <cstring>

namespace tensorgate {

MessageReader::Result MessageReader::Read(std::string_view* bytes, int64_t most,
                                          MemoryBudget* budget) {
  if (prefix_size_ < sizeof(prefix_)) {
    const size_t taken = std::min(sizeof(prefix_) - prefix_size_, bytes->size());
    std::memcpy(prefix_ + prefix_size_, bytes->data(), taken);
    prefix_size_ += taken;
    bytes->remove_prefix(taken);
    if (prefix_size_ < sizeof(prefix_)) return Result::kMore;
    length_ = 0;
    for (size_t i = 1; i < sizeof(prefix_); ++i) {
      length_ = length_ << 8 | static_cast<unsigned char>(prefix_[i]);
    }
    if (static_cast<unsigned char>(prefix_[0]) > 1) return Result::kMalformed;
    if (most >= 0 && length_ > most) return Result::kTooLarge;
    message_.compressed = prefix_[0] == 1;
  }
  const size_t missing = length_ - message_.bytes.size();
  const std::string_view part = bytes->substr(0, missing);
  if (!message_.Append(part, length_, budget)) return Result::kNoMemory;
  bytes->remove_prefix(part.size());
  if (part.size() < missing) return Result::kMore;
  return Result::kMessage;
}

GrpcMessage MessageReader::Take() {
  prefix_size_ = 0;
  return std::exchange(message_, GrpcMessage());
}

}  // namespace tensorgate
