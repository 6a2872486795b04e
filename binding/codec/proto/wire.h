// The protobuf wire: WireReader walks the fields of one message in place, WireWriter writes fields
// whose sizes were computed before. Both borrow their bytes, own nothing and know no message type;
// any thread, one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "codec/output_buffer.h"
#include "status/status.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "fixed-width fields are copied as they are");

namespace tensorgate {

enum class WireType : uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5,
};

constexpr int kMaxGroupDepth = 100;  // protobuf's own limit on nesting
constexpr int kMaxVarintBytes = 10;  // of 64 bits

// The entries of a map field are messages of these two fields.
constexpr uint32_t kMapKeyField = 1;
constexpr uint32_t kMapValueField = 2;

// True for well-formed UTF-8: no surrogates, no overlong forms, nothing above U+10FFFF.
bool IsValidUtf8(std::string_view text);

// Every Read returns false once the bytes are malformed; the reader is then of no more use than to
// ask Error() what was wrong.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes)
      : begin_(reinterpret_cast<const uint8_t*>(bytes.data())),
        at_(begin_),
        end_(begin_ + bytes.size()) {}

  bool AtEnd() const { return at_ == end_; }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }

  // The tag of the next field. A tag that ends a group is malformed here: Skip consumes groups.
  bool ReadTag(uint32_t* field, WireType* type) {
    uint64_t tag;
    if (at_ != end_ && *at_ < 0x80) {
      tag = *at_++;
    } else if (!ReadLongVarint(kMaxVarint32Bytes, &tag) || tag > UINT32_MAX) {
      return Fail("a tag is truncated or longer than 32 bits");
    }
    *field = static_cast<uint32_t>(tag >> 3);
    *type = static_cast<WireType>(tag & 7);
    if (*field == 0) return Fail("field number 0");
    if ((tag & 7) == 4 || (tag & 7) > 5) return FailOnType(*type);
    return true;
  }

  bool ReadVarint(uint64_t* value) {
    if (at_ != end_ && *at_ < 0x80) {
      *value = *at_++;
      return true;
    }
    return ReadLongVarint(kMaxVarintBytes, value) || Fail("a varint is truncated or overlong");
  }

  bool ReadFixed32(uint32_t* value) { return ReadFixed(value); }
  bool ReadFixed64(uint64_t* value) { return ReadFixed(value); }

  // OWNERSHIP: the view points into the bytes that are read.
  bool ReadBytes(std::string_view* bytes) {
    uint64_t size;
    if (at_ != end_ && *at_ < 0x80) {
      size = *at_++;
    } else if (!ReadLongVarint(kMaxVarint32Bytes, &size)) {
      return Fail("a length is truncated or longer than 32 bits");
    }
    if (size > static_cast<size_t>(end_ - at_)) return Fail("a field is longer than what is left");
    *bytes = {reinterpret_cast<const char*>(at_), static_cast<size_t>(size)};
    at_ += size;
    return true;
  }

  // The value of a field nobody asked for; `field` and `type` are those ReadTag gave.
  bool Skip(uint32_t field, WireType type);

  // INVALID_ARGUMENT "<where>: malformed protobuf, <what> at byte <offset>". `path` is what the
  // violation names, where that is not `where` itself. REQUIRES: a Read returned false.
  Status Error(std::string_view where) const { return Error(where, where); }
  Status Error(std::string_view where, std::string_view path) const;

 private:
  static constexpr int kMaxVarint32Bytes = 5;

  template <typename T>
  bool ReadFixed(T* value) {
    if (static_cast<size_t>(end_ - at_) < sizeof(T))
      return Fail("a fixed-width value is truncated");
    std::memcpy(value, at_, sizeof(T));
    at_ += sizeof(T);
    return true;
  }
  bool ReadLongVarint(int max_bytes, uint64_t* value);
  bool SkipScalar(WireType type);
  bool SkipGroup(uint32_t field);
  bool Fail(const char* what) {
    what_ = what;
    return false;
  }
  bool FailOnType(WireType type);

  const uint8_t* begin_;
  const uint8_t* at_;
  const uint8_t* end_;
  const char* what_ = "nothing";
};

inline size_t VarintSize(uint64_t value) {
  // Bits needed, divided by 7 and rounded up, without a division.
  const size_t bits = 64 - static_cast<size_t>(__builtin_clzll(value | 1));
  return (bits * 9 + 64) / 64;
}

// A length prefix and what it covers.
inline size_t PrefixedSize(size_t size) { return VarintSize(size) + size; }

// Writes into room made once. REQUIRES: no more than `room` bytes are written. Done() commits.
class WireWriter {
 public:
  WireWriter(OutputBuffer* out, size_t room) : out_(out), begin_(out->Ensure(room)), at_(begin_) {}

  void Varint(uint64_t value) {
    while (value >= 0x80) {
      *at_++ = static_cast<char>(value | 0x80);
      value >>= 7;
    }
    *at_++ = static_cast<char>(value);
  }
  // REQUIRES: field < 16, so that the tag is one byte long.
  void ShortTag(uint32_t field, WireType type) {
    *at_++ = static_cast<char>(field << 3 | static_cast<uint32_t>(type));
  }
  void Tag(uint32_t field, WireType type) { Varint(field << 3 | static_cast<uint32_t>(type)); }
  void Raw(const void* bytes, size_t size) {
    if (size == 0) return;
    std::memcpy(at_, bytes, size);
    at_ += size;
  }
  // A whole length-delimited field.
  void Bytes(uint32_t field, std::string_view bytes) {
    Tag(field, WireType::kBytes);
    Varint(bytes.size());
    Raw(bytes.data(), bytes.size());
  }
  // The tag and length of a length-delimited field whose `size` bytes are written next.
  void Prefix(uint32_t field, size_t size) {
    Tag(field, WireType::kBytes);
    Varint(size);
  }
  void Done() { out_->Commit(static_cast<size_t>(at_ - begin_)); }

 private:
  OutputBuffer* out_;
  char* begin_;
  char* at_;
};

}  // namespace tensorgate
