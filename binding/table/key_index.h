// KeyIndex: from a key to the number of its row. Open addressing over buckets of one cache line,
// with up to 9 keys: of each its row, a byte of its hash and its length. Their texts lie together
// in another place, so that a lookup reads two places in memory, and, but for one key in 30, no
// other text than its own.
//
// However keys are chosen, a lookup looks at no more than kMaxProbes buckets: where a key would lie
// further from its bucket, the index is made again with another seed and more room.
//
// THREAD: built by one; then any number may find.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "random/key_hash.h"
#include "table/memory_region.h"
#include "table/string_column.h"

namespace tensorgate {

class KeyIndex {
 public:
  static constexpr int64_t kNone = -1;
  static constexpr size_t kMaxRows = UINT32_MAX;

  // What the index of a column's keys is built with: Reset(), Add() for each key, TakeTexts().
  // `keys` has the key of each row, and is of no more use afterwards.

  // Makes it empty, with room for `rows` keys and a seed of its own. Each `attempt`, from 0, takes
  // more room. ERRORS: false when memory is out. REQUIRES: rows <= kMaxRows.
  [[nodiscard]] bool Reset(size_t rows, int attempt);

  enum class Added { kNew, kTwice, kTooFar };

  // The key of `row`. Of one that is there already, `*other` is that row, and may be changed.
  Added Add(uint64_t hash, uint32_t row, const StringColumn& keys, uint32_t** other);

  // Copies the texts of all keys that were added.
  // ERRORS: false when memory is out, or the texts are more than a terabyte.
  [[nodiscard]] bool TakeTexts(const StringColumn& keys);

  // The row of a key; kNone where there is none.
  int64_t Find(uint64_t hash, std::string_view key) const;

  // What Find() will read, fetched ahead: first the bucket, then the text that most probably is
  // the key's.
  void PrefetchBucket(uint64_t hash) const { __builtin_prefetch(buckets() + BucketOf(hash)); }
  void PrefetchText(uint64_t hash) const {
    const Bucket& bucket = buckets()[BucketOf(hash)];
    const uint64_t matches = Matches(bucket, TagOf(hash));
    if (matches == 0 && bucket.tags[kPlaces - 1] != TagOf(hash)) return;
    const size_t place = matches == 0 ? kPlaces - 1 : PlaceOf(matches);
    const uint8_t* const text = texts_.data() + TextOf(bucket, place);
    __builtin_prefetch(text);
    __builtin_prefetch(text + bucket.lengths[place]);  // of one in four a further line
  }

  const KeyHashSeed& seed() const { return seed_; }
  size_t bytes() const { return memory_.capacity() + texts_.capacity(); }

 private:
  static constexpr size_t kPlaces = 9;
  static constexpr size_t kMaxProbes = 32;
  // The length of such keys stands before their text, in 8 bytes.
  static constexpr size_t kLongKey = UINT8_MAX;

  struct alignas(64) Bucket {
    std::array<uint8_t, kPlaces> tags;     // 0: free; taken from the first on
    std::array<uint8_t, kPlaces> lengths;  // of the texts; kLongKey: that or more
    uint8_t has_passed : 1;                // a key that found no place here lies behind
    uint8_t has_long : 1;                  // a length is kLongKey
    std::array<uint8_t, 5> text;           // where the texts begin
    std::array<uint32_t, kPlaces> rows;
  };
  static_assert(sizeof(Bucket) == 64);

  static uint8_t TagOf(uint64_t hash) {
    const uint8_t tag = static_cast<uint8_t>(hash);
    return tag == 0 ? 1 : tag;
  }
  // Of the hash's upper bits; the tag is of the lower ones.
  size_t BucketOf(uint64_t hash) const {
    __extension__ using Uint128 = unsigned __int128;
    return static_cast<size_t>(static_cast<Uint128>(hash) * size_ >> 64);
  }

  // A bit for each of the first eight tags that is `tag`: the top one of its byte. Above one that
  // is, there may be a bit for one that is not. The last place is not in it.
  static uint64_t Matches(const Bucket& bucket, uint8_t tag) {
    constexpr uint64_t kOnes = 0x0101010101010101;
    uint64_t tags;
    std::memcpy(&tags, bucket.tags.data(), sizeof(tags));
    const uint64_t difference = tags ^ (kOnes * tag);
    return (difference - kOnes) & ~difference & (kOnes << 7);
  }
  static size_t PlaceOf(uint64_t matches) {
    return static_cast<size_t>(__builtin_ctzll(matches)) / 8;
  }

  // The place whose tag is `tag` and for which is_key(place) is true; kPlaces where there is none.
  template <typename IsKey>
  static size_t PlaceIn(const Bucket& bucket, uint8_t tag, const IsKey& is_key) {
    for (uint64_t matches = Matches(bucket, tag); matches != 0; matches &= matches - 1) {
      const size_t place = PlaceOf(matches);
      if (bucket.tags[place] == tag && is_key(place)) return place;
    }
    return bucket.tags[kPlaces - 1] == tag && is_key(kPlaces - 1) ? kPlaces - 1 : kPlaces;
  }

  // As memcmp, whose call costs as much as comparing a short key.
  static bool AreSame(const void* left, const void* right, size_t bytes) {
    if (bytes == 0) return true;  // without texts there is no memory either
    if (bytes < 8 || bytes > 16) return std::memcmp(left, right, bytes) == 0;
    const auto word = [](const void* at, size_t offset) {
      uint64_t value;
      std::memcpy(&value, static_cast<const char*>(at) + offset, sizeof(value));
      return value;
    };
    return word(left, 0) == word(right, 0) && word(left, bytes - 8) == word(right, bytes - 8);
  }

  static uint64_t LongLength(const uint8_t* text) {
    uint64_t length;
    std::memcpy(&length, text, sizeof(length));
    return length;
  }

  // Where in `texts_` that of `place` begins.
  size_t TextOf(const Bucket& bucket, size_t place) const {
    uint64_t begin = 0;
    std::memcpy(&begin, bucket.text.data(), bucket.text.size());
    if (bucket.has_long) return LongTextOf(bucket, place, begin);
    // The sum of the lengths before it, without a branch that depends on the key.
    uint64_t lengths;
    std::memcpy(&lengths, bucket.lengths.data(), sizeof(lengths));
    lengths &= place < 8 ? (uint64_t{1} << (8 * place)) - 1 : ~uint64_t{0};
    constexpr uint64_t kPairs = 0x00ff00ff00ff00ff;
    const uint64_t sums = (lengths & kPairs) + (lengths >> 8 & kPairs);
    return static_cast<size_t>(begin + (sums * 0x0001000100010001 >> 48));
  }
  size_t LongTextOf(const Bucket& bucket, size_t place, uint64_t begin) const;

  bool IsText(const Bucket& bucket, size_t place, std::string_view key) const;

  const Bucket* buckets() const { return reinterpret_cast<const Bucket*>(memory_.data()); }
  Bucket* buckets() { return reinterpret_cast<Bucket*>(memory_.data()); }
  size_t Behind(size_t bucket) const { return bucket + 1 == size_ ? 0 : bucket + 1; }

  MemoryRegion memory_;
  size_t size_ = 0;  // buckets
  MemoryRegion texts_;
  KeyHashSeed seed_;
};

inline bool KeyIndex::IsText(const Bucket& bucket, size_t place, std::string_view key) const {
  if (bucket.lengths[place] != (key.size() < kLongKey ? key.size() : kLongKey)) return false;
  const uint8_t* text = texts_.data() + TextOf(bucket, place);
  if (key.size() >= kLongKey) {
    if (LongLength(text) != key.size()) return false;
    text += sizeof(uint64_t);
  }
  return AreSame(text, key.data(), key.size());
}

inline int64_t KeyIndex::Find(uint64_t hash, std::string_view key) const {
  const uint8_t tag = TagOf(hash);
  size_t at = BucketOf(hash);
  for (size_t probe = 0; probe < kMaxProbes; ++probe, at = Behind(at)) {
    const Bucket& bucket = buckets()[at];
    const size_t place =
        PlaceIn(bucket, tag, [&](size_t candidate) { return IsText(bucket, candidate, key); });
    if (place < kPlaces) return bucket.rows[place];
    if (bucket.has_passed == 0) return kNone;
  }
  return kNone;
}

}  // namespace tensorgate
