// The inner loops of integer inputs. Owns nothing; any thread.
#include "codec/proto/packed_varints.h"

#include <cstring>

#include "codec/proto/wire.h"

namespace tensorgate {
namespace {

constexpr uint64_t kContinuationBits = 0x8080808080808080u;

// A varint of any length, byte by byte. Null when it is truncated or overlong.
const uint8_t* ReadSlow(const uint8_t* at, const uint8_t* end, uint64_t* value) {
  uint64_t result = 0;
  for (int i = 0; i < kMaxVarintBytes && at != end; ++i) {
    const uint64_t byte = *at++;
    result |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      *value = result;
      return at;
    }
  }
  return nullptr;
}

// The varint at the start of the eight bytes in `word`, of which `stops` marks the bytes that end
// one: no branch on its length. Moves `*at` behind it. REQUIRES: stops != 0.
uint64_t ReadFromWord(uint64_t word, uint64_t stops, const uint8_t** at) {
  const int bits = __builtin_ctzll(stops) + 1;
  *at += bits / 8;
  word &= ~uint64_t{0} >> (64 - bits);
  // Groups of 7 bits close up to pairs of 14, these to 28, and those to 56.
  word &= 0x7f7f7f7f7f7f7f7fu;
  word = (word & 0x007f007f007f007fu) | (word & 0x7f007f007f007f00u) >> 1;
  word = (word & 0x00003fff00003fffu) | (word & 0x3fff00003fff0000u) >> 2;
  return (word & 0x000000000fffffffu) | (word & 0x0fffffff00000000u) >> 4;
}

template <typename T>
T Narrow(uint64_t value) {
  return static_cast<T>(value);
}

template <>
bool Narrow<bool>(uint64_t value) {
  return value != 0;
}

template <typename T>
void Store(uint64_t value, uint8_t* at) {
  const T narrow = Narrow<T>(value);
  std::memcpy(at, &narrow, sizeof(T));
}

template <typename T>
bool Decode(std::string_view chunk, uint8_t** out_at, size_t* out_left) {
  const uint8_t* at = reinterpret_cast<const uint8_t*>(chunk.data());
  const uint8_t* const end = at + chunk.size();
  uint8_t* out = *out_at;
  uint8_t* const out_end = out + *out_left * sizeof(T);
  while (at != end && out != out_end) {
    if (end - at >= 8) {
      uint64_t word;
      std::memcpy(&word, at, 8);
      const uint64_t stops = ~word & kContinuationBits;
      if (stops == kContinuationBits && out_end - out >= static_cast<ptrdiff_t>(8 * sizeof(T))) {
        // Small numbers come in rows: eight at once.
        for (int i = 0; i < 8; ++i) Store<T>(at[i], out + i * sizeof(T));
        at += 8;
        out += 8 * sizeof(T);
        continue;
      }
      if (stops != 0) {
        Store<T>(ReadFromWord(word, stops, &at), out);
        out += sizeof(T);
        continue;
      }
    }
    uint64_t value;
    at = ReadSlow(at, end, &value);
    if (at == nullptr) return false;
    Store<T>(value, out);
    out += sizeof(T);
  }
  while (at != end) {
    uint64_t dropped;
    at = ReadSlow(at, end, &dropped);
    if (at == nullptr) return false;
  }
  *out_left -= static_cast<size_t>(out - *out_at) / sizeof(T);
  *out_at = out;
  return true;
}

}  // namespace

size_t CountVarints(std::string_view chunk) {
  const char* at = chunk.data();
  const char* const end = at + chunk.size();
  size_t count = 0;
  while (end - at >= 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    // One bit per ending byte, added up by the multiplication.
    count += static_cast<size_t>(((~word & kContinuationBits) >> 7) * 0x0101010101010101u >> 56);
    at += 8;
  }
  for (; at != end; ++at) count += (*at & 0x80) == 0;
  return count;
}

bool DecodePackedVarints(DataType dtype, std::string_view chunk, uint8_t** at, size_t* left) {
  if (dtype == DataType::kBool) return Decode<bool>(chunk, at, left);
  switch (ElementSize(dtype)) {
    case 1:
      return Decode<uint8_t>(chunk, at, left);
    case 2:
      return Decode<uint16_t>(chunk, at, left);
    case 4:
      return Decode<uint32_t>(chunk, at, left);
    default:
      return Decode<uint64_t>(chunk, at, left);
  }
}

}  // namespace tensorgate
