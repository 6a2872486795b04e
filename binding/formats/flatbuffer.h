// FlatBuffers read in place: tables, vectors and strings, with each offset checked against the
// bytes. Views point into these. Owns nothing; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tensorgate {

class FlatTable;

// `count` elements of `width` bytes from `at` on, which lie within the bytes.
class FlatVector {
 public:
  size_t size() const { return count_; }

  // REQUIRES: index < size(), elements of that size.
  template <typename T>
  T At(size_t index) const {
    T value;
    std::memcpy(&value, bytes_.data() + at_ + index * sizeof(T), sizeof(T));
    return value;
  }
  std::string_view bytes() const { return bytes_.substr(at_, count_); }
  // Where an element of four bytes lies.
  size_t place(size_t index) const { return at_ + index * sizeof(uint32_t); }

  // An element that is an offset to a table. False: it leads out of the bytes. REQUIRES: elements
  // of four bytes.
  bool TableAt(size_t index, FlatTable* table) const;

 private:
  friend class FlatTable;
  std::string_view bytes_;
  size_t at_ = 0;
  size_t count_ = 0;
};

class FlatTable {
 public:
  // The root, of bytes that have `identifier` (four characters) behind the first offset. False:
  // they are no such buffer.
  static bool Root(std::string_view bytes, std::string_view identifier, FlatTable* root);

  // Fields by their numbers in the schema. Absent ones leave the default, an empty vector, an empty
  // text. False: malformed.
  template <typename T>
  bool Read(size_t field, T* value) const {
    size_t at;
    if (!Find(field, sizeof(T), &at)) return false;
    if (at != 0) std::memcpy(value, bytes_.data() + at, sizeof(T));
    return true;
  }
  // `width`: bytes of an element.
  bool ReadVector(size_t field, size_t width, FlatVector* vector) const;
  // Where it lies.
  size_t place() const { return at_; }
  bool ReadText(size_t field, std::string_view* text) const;
  // An absent one leaves a table without fields.
  bool ReadTable(size_t field, FlatTable* table) const;

 private:
  friend class FlatVector;
  bool Open(std::string_view bytes, size_t at);
  // Where a field of `size` bytes lies; 0: it is absent. False: not within the bytes.
  bool Find(size_t field, size_t size, size_t* at) const;

  std::string_view bytes_;
  size_t at_ = 0;
  size_t fields_at_ = 0;  // of the offsets of the fields
  size_t field_count_ = 0;
};

}  // namespace tensorgate
