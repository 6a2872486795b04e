// The hash of keys that come from clients, or from whoever wrote a table: with a seed that neither
// knows, nobody can choose many of one hash. Not the hash of out-of-vocabulary buckets, which must
// be TensorFlow's. No state; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tensorgate {

struct KeyHashSeed {
  uint64_t first = 0;
  uint64_t second = 0;
};

// Both halves of the product of two 64-bit numbers, folded: each bit of it depends on all of both.
inline uint64_t FoldedProduct(uint64_t a, uint64_t b) {
  __extension__ using Uint128 = unsigned __int128;
  const Uint128 product = static_cast<Uint128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

constexpr uint64_t kKeyHashFactor = 0x9e3779b97f4a7c15;  // 2^64 by the golden ratio, odd

inline uint64_t HashKey(std::string_view key, const KeyHashSeed& seed) {
  const char* p = key.data();
  size_t left = key.size();
  const auto word = [](const char* at) {
    uint64_t value;
    std::memcpy(&value, at, sizeof(value));
    return value;
  };
  uint64_t state = seed.first ^ (kKeyHashFactor * (left + 1));
  for (; left > 16; p += 16, left -= 16) {
    state = FoldedProduct(word(p) ^ seed.second, word(p + 8) ^ state);
  }
  // The rest, of 0 to 16 bytes, in two words that may overlap.
  uint64_t low = 0, high = 0;
  if (left >= 8) {
    low = word(p);
    high = word(p + left - 8);
  } else if (left >= 4) {
    uint32_t begin, end;
    std::memcpy(&begin, p, sizeof(begin));
    std::memcpy(&end, p + left - 4, sizeof(end));
    low = begin;
    high = end;
  } else if (left > 0) {
    const auto byte = [p](size_t at) { return uint64_t{static_cast<unsigned char>(p[at])}; };
    low = byte(0) << 16 | byte(left / 2) << 8 | byte(left - 1);
  }
  state = FoldedProduct(low ^ seed.second, high ^ state);
  return FoldedProduct(state ^ seed.second, kKeyHashFactor);
}

}  // namespace tensorgate
