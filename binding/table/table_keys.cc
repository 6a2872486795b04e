#include "table/table_keys.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tensorgate {
namespace {

// How many keys a step of a lookup is ahead of the next one: enough for memory to answer meanwhile,
// few enough for what they fetch to stay in the first cache. A power of two.
constexpr int64_t kKeysAhead = 16;

template <typename T>
int64_t IntegerAt(const TensorView& keys, int64_t index) {
  return static_cast<const T*>(keys.data)[index];
}

std::string_view BytesOf(const int64_t& integer) {
  return {reinterpret_cast<const char*>(&integer), sizeof(integer)};
}

}  // namespace

Status TableKeys::Append(const Cell& cell) {
  bool is_kept;
  if (dtype_ == DataType::kString) {
    if (!FitsCellKind(cell.kind, dtype_)) return InvalidArgument(CellError(cell, dtype_));
    is_kept = pending_.Append(cell.text);
  } else {
    int64_t key = 0;
    int32_t narrow = 0;
    const bool is_narrow = dtype_ == DataType::kInt32;
    if (!ParseCell(cell, dtype_, is_narrow ? static_cast<void*>(&narrow) : &key)) {
      return InvalidArgument(CellError(cell, dtype_));
    }
    if (is_narrow) key = narrow;
    is_kept = pending_.Append(BytesOf(key));
  }
  size_ = pending_.size();
  return is_kept ? Status() : Status(Code::kResourceExhausted, "no memory for another key");
}

Status TableKeys::Index(DuplicateKeys duplicates, const TableFile& file, const char* row_name) {
  constexpr int kAttempts = 8;
  if (size_ > KeyIndex::kMaxRows) {
    return file.Refused(0, "expected at most " + std::to_string(KeyIndex::kMaxRows) +
                               " rows, got " + std::to_string(size_));
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (!index_.Reset(pending_.size(), attempt)) return file.OutOfMemory(pending_.own_bytes());
    bool fits = true;
    Status status = AddAll(duplicates, file, row_name, &fits);
    if (!status.ok()) return status;
    if (!fits) continue;
    if (!index_.TakeTexts(pending_)) return file.OutOfMemory(pending_.own_bytes());
    pending_ = StringColumn();
    return Status();
  }
  return file.Refused(Code::kInternal, "its keys cannot be spread over an index");
}

Status TableKeys::AddAll(DuplicateKeys duplicates, const TableFile& file, const char* row_name,
                         bool* fits) {
  constexpr size_t kTogether = 32;
  constexpr size_t kRowsBetweenStops = size_t{1} << 16;  // a multiple of it
  uint64_t hashes[kTogether];
  for (size_t at = 0; at < pending_.size(); at += kTogether) {
    if (at % kRowsBetweenStops == 0) {
      Status stopped = file.CheckStopped();
      if (!stopped.ok()) return stopped;
    }
    const size_t count = std::min(kTogether, pending_.size() - at);
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = HashKey(pending_.at(at + i), index_.seed());
      index_.PrefetchBucket(hashes[i]);
    }
    for (size_t i = 0; i < count; ++i) {
      const size_t row = at + i;
      uint32_t* other = nullptr;
      const KeyIndex::Added added =
          index_.Add(hashes[i], static_cast<uint32_t>(row), pending_, &other);
      *fits = added != KeyIndex::Added::kTooFar;
      if (!*fits) return Status();
      if (added == KeyIndex::Added::kNew) continue;
      if (duplicates == DuplicateKeys::kRefuse) {
        const std::string name = std::string(row_name) + " ";
        return file.Refused(0, name + std::to_string(row + 1) + ": expected each key once, got " +
                                   TextOf(pending_.at(row)) + " as in " + name +
                                   std::to_string(uint64_t{*other} + 1));
      }
      if (duplicates == DuplicateKeys::kKeepLast) *other = static_cast<uint32_t>(row);
    }
  }
  return Status();
}

template <typename KeyAt>
void TableKeys::FindEach(const KeyAt& key_at, int64_t count, int64_t* rows) const {
  // Each step reads what the step before it has asked memory for, kKeysAhead keys earlier.
  constexpr int64_t kKept = 4 * kKeysAhead;
  decltype(key_at(0)) keys[kKept];
  uint64_t hashes[kKept];
  for (int64_t at = -2 * kKeysAhead; at < count; ++at) {
    if (const int64_t first = at + 2 * kKeysAhead; first < count) {
      keys[first % kKept] = key_at(first);
      hashes[first % kKept] = HashKey(keys[first % kKept], index_.seed());
      index_.PrefetchBucket(hashes[first % kKept]);
    }
    if (const int64_t second = at + kKeysAhead; second >= 0 && second < count) {
      index_.PrefetchText(hashes[second % kKept]);
    }
    if (at >= 0) rows[at] = index_.Find(hashes[at % kKept], keys[at % kKept]);
  }
}

void TableKeys::Find(const TensorView& keys, int64_t* rows) const {
  if (dtype_ == DataType::kString) {
    FindEach([&](int64_t i) { return keys.string_at(keys.data, i); }, keys.elements, rows);
    return;
  }
  const auto integer_at = dtype_ == DataType::kInt32 ? IntegerAt<int32_t> : IntegerAt<int64_t>;
  if (!are_row_numbers_) {
    // An integer with the bytes that are its key.
    struct Integer {
      int64_t value;
      operator std::string_view() const { return BytesOf(value); }
    };
    FindEach([&](int64_t i) { return Integer{integer_at(keys, i)}; }, keys.elements, rows);
    return;
  }
  for (int64_t i = 0; i < keys.elements; ++i) {
    const int64_t key = integer_at(keys, i);
    rows[i] = static_cast<uint64_t>(key) < size_ ? key : kUnknown;
  }
}

std::string TableKeys::TextOf(std::string_view key) const {
  if (dtype_ == DataType::kString) return Quoted(key);
  int64_t integer;
  std::memcpy(&integer, key.data(), sizeof(integer));
  return std::to_string(integer);
}

std::string KeyText(const TensorView& keys, int64_t index) {
  switch (keys.dtype) {
    case DataType::kString:
      return std::string(keys.string_at(keys.data, index));
    case DataType::kInt32:
      return std::to_string(IntegerAt<int32_t>(keys, index));
    default:
      return std::to_string(IntegerAt<int64_t>(keys, index));
  }
}

}  // namespace tensorgate
