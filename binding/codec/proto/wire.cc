// The slow half of the wire reader: long varints, groups, errors; and the UTF-8 check. Owns
// nothing; any thread.
#include "codec/proto/wire.h"

#include <string>

namespace tensorgate {

bool WireReader::ReadLongVarint(int max_bytes, uint64_t* value) {
  uint64_t result = 0;
  for (int i = 0; i < max_bytes; ++i) {
    if (at_ == end_) return false;
    const uint64_t byte = *at_++;
    result |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      *value = result;
      return true;
    }
  }
  return false;
}

bool WireReader::FailOnType(WireType type) {
  return Fail(type == WireType::kEndGroup ? "the end of a group that was not begun"
                                          : "a wire type that does not exist");
}

bool WireReader::Skip(uint32_t field, WireType type) {
  return type == WireType::kStartGroup ? SkipGroup(field) : SkipScalar(type);
}

bool WireReader::SkipScalar(WireType type) {
  switch (type) {
    case WireType::kVarint: {
      uint64_t ignored;
      return ReadVarint(&ignored);
    }
    case WireType::kFixed64: {
      uint64_t ignored;
      return ReadFixed64(&ignored);
    }
    case WireType::kBytes: {
      std::string_view ignored;
      return ReadBytes(&ignored);
    }
    case WireType::kFixed32: {
      uint32_t ignored;
      return ReadFixed32(&ignored);
    }
    case WireType::kStartGroup:
    case WireType::kEndGroup:
      break;
  }
  return FailOnType(type);
}

// A loop with its own stack: the depth is the client's choice, so it must not cost our stack.
bool WireReader::SkipGroup(uint32_t field) {
  uint32_t open[kMaxGroupDepth];
  int depth = 0;
  open[depth++] = field;
  while (depth > 0) {
    uint64_t tag;
    if (!ReadLongVarint(kMaxVarint32Bytes, &tag) || tag > UINT32_MAX) {
      return Fail("a group is truncated");
    }
    const uint32_t number = static_cast<uint32_t>(tag >> 3);
    if (number == 0) return Fail("field number 0");
    const WireType type = static_cast<WireType>(tag & 7);
    if (type == WireType::kStartGroup) {
      if (depth == kMaxGroupDepth) return Fail("groups are nested too deep");
      open[depth++] = number;
    } else if (type == WireType::kEndGroup) {
      if (open[--depth] != number) return Fail("a group ends with another field number");
    } else if (!SkipScalar(type)) {
      return false;
    }
  }
  return true;
}

Status WireReader::Error(std::string_view where, std::string_view path) const {
  const std::string what =
      std::string("malformed protobuf, ") + what_ + " at byte " + std::to_string(offset());
  const std::string of_all = " of " + std::to_string(end_ - begin_);
  return InvalidArgument(std::string(where) + ": " + what).With(path, what + of_all);
}

bool IsValidUtf8(std::string_view text) {
  const uint8_t* at = reinterpret_cast<const uint8_t*>(text.data());
  const uint8_t* const end = at + text.size();
  while (true) {
    uint64_t word;
    while (end - at >= 8) {
      std::memcpy(&word, at, 8);
      if ((word & 0x8080808080808080u) != 0) break;
      at += 8;
    }
    while (at != end && *at < 0x80) ++at;
    if (at == end) return true;

    // One sequence of two to four bytes; only its second byte has more than one possible range.
    const uint8_t lead = *at;
    int more;
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (end - at <= more || at[1] < low || at[1] > high) return false;
    for (int i = 2; i <= more; ++i) {
      if ((at[i] & 0xc0) != 0x80) return false;
    }
    at += more + 1;
  }
}

}  // namespace tensorgate
