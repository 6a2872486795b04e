#include "table/key_index.h"

#include <sys/random.h>

#include <algorithm>
#include <random>

namespace tensorgate {
namespace {

constexpr size_t kMaxTextBytes = (size_t{1} << 40) - 1;

KeyHashSeed RandomSeed() {
  KeyHashSeed seed;
  if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != static_cast<ssize_t>(sizeof(seed))) {
    std::random_device device;
    seed = {uint64_t{device()} << 32 | device(), uint64_t{device()} << 32 | device()};
  }
  return seed;
}

}  // namespace

bool KeyIndex::Reset(size_t rows, int attempt) {
  // Four fifths full, one key in 20 lies outside its bucket, and the next bucket is the next line.
  size_t size = rows * 5 / (kPlaces * 4) + 1;
  size += size * static_cast<size_t>(attempt) / 4;
  memory_ = MemoryRegion();
  if (!memory_.Resize(size * sizeof(Bucket))) return false;
  memory_.Trim();
  size_ = size;
  seed_ = RandomSeed();
  return true;
}

KeyIndex::Added KeyIndex::Add(uint64_t hash, uint32_t row, const StringColumn& keys,
                              uint32_t** other) {
  const uint8_t tag = TagOf(hash);
  const std::string_view key = keys.at(row);
  size_t at = BucketOf(hash);
  for (size_t probe = 0; probe < kMaxProbes; ++probe, at = Behind(at)) {
    Bucket& bucket = buckets()[at];
    const size_t place = PlaceIn(
        bucket, tag, [&](size_t candidate) { return keys.at(bucket.rows[candidate]) == key; });
    if (place < kPlaces) {
      *other = &bucket.rows[place];
      return Added::kTwice;
    }
    for (size_t i = 0; i < kPlaces; ++i) {
      if (bucket.tags[i] != 0) continue;
      bucket.tags[i] = tag;
      bucket.lengths[i] = static_cast<uint8_t>(std::min(key.size(), kLongKey));
      bucket.has_long |= key.size() >= kLongKey;
      bucket.rows[i] = row;
      return Added::kNew;
    }
    bucket.has_passed = 1;
  }
  return Added::kTooFar;
}

size_t KeyIndex::LongTextOf(const Bucket& bucket, size_t place, uint64_t begin) const {
  for (size_t i = 0; i < place; ++i) {
    begin += bucket.lengths[i] < kLongKey ? bucket.lengths[i]
                                          : sizeof(uint64_t) + LongLength(texts_.data() + begin);
  }
  return static_cast<size_t>(begin);
}

bool KeyIndex::TakeTexts(const StringColumn& keys) {
  constexpr size_t kBucketsAhead = 4;  // for memory to fetch what their keys lie in
  const auto each_row = [this](size_t at, const auto& act) {
    for (size_t i = 0; at < size_ && i < kPlaces && buckets()[at].tags[i] != 0; ++i) {
      act(buckets()[at].rows[i]);
    }
  };
  for (size_t at = 0; at < size_; ++at) {
    each_row(at + 2 * kBucketsAhead, [&](uint32_t row) { keys.PrefetchOffset(row); });
    each_row(at + kBucketsAhead, [&](uint32_t row) { keys.PrefetchText(row); });
    const uint64_t begin = texts_.size();
    if (begin > kMaxTextBytes) return false;
    std::memcpy(buckets()[at].text.data(), &begin, buckets()[at].text.size());
    bool is_taken = true;
    each_row(at, [&](uint32_t row) {
      const std::string_view key = keys.at(row);
      const uint64_t length = key.size();
      const size_t head = length < kLongKey ? 0 : sizeof(length);
      const size_t end = texts_.size();
      is_taken = is_taken && texts_.Resize(end + head + length);
      if (!is_taken || length == 0) return;
      std::memcpy(texts_.data() + end, &length, head);
      std::memcpy(texts_.data() + end + head, key.data(), length);
    });
    if (!is_taken) return false;
  }
  texts_.Trim();
  return true;
}

}  // namespace tensorgate
