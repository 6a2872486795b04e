#include "grpc/message_reader.h"

#include <algorithm>
#include <cstring>

namespace tensorgate {
namespace {

// A prefix reserves at most so much ahead of what has come; see src/rest/body.ts.
constexpr size_t kFirstReserve = 64 << 10;
constexpr size_t kMaxAhead = 8 << 20;
constexpr size_t kAheadFactor = 16;

}  // namespace

// Room in the buffer for some bytes more.
bool MessageReader::Reserve(MemoryBudget* budget) {
  const size_t came = message_.bytes.size();
  const size_t ahead = std::clamp(came * kAheadFactor, kFirstReserve, kMaxAhead);
  const size_t wanted = std::min<size_t>(length_, came + ahead);
  if (wanted <= message_.bytes.capacity()) return true;
  if (!message_.held.Raise(budget, wanted)) return false;
  message_.bytes.Reserve(wanted);
  return true;
}

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
  while (message_.bytes.size() < length_) {
    if (bytes->empty()) return Result::kMore;
    if (message_.bytes.size() == message_.bytes.capacity() && !Reserve(budget)) {
      return Result::kNoMemory;
    }
    const size_t room = message_.bytes.capacity() - message_.bytes.size();
    const size_t taken =
        std::min({bytes->size(), room, static_cast<size_t>(length_) - message_.bytes.size()});
    message_.bytes.Append(bytes->substr(0, taken));
    bytes->remove_prefix(taken);
  }
  return Result::kMessage;
}

GrpcMessage MessageReader::Take() {
  prefix_size_ = 0;
  return std::exchange(message_, GrpcMessage());
}

}  // namespace tensorgate
