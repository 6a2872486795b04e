#include "formats/flatbuffer.h"

namespace tensorgate {
namespace {

template <typename T>
bool LoadAt(std::string_view bytes, size_t at, T* value) {
  if (at > bytes.size() || bytes.size() - at < sizeof(T)) return false;
  std::memcpy(value, bytes.data() + at, sizeof(T));
  return true;
}

// An offset that is counted from where it lies.
bool Follow(std::string_view bytes, size_t at, size_t* to) {
  uint32_t offset;
  if (!LoadAt(bytes, at, &offset) || offset == 0 || offset > bytes.size() - at) return false;
  *to = at + offset;
  return true;
}

}  // namespace

bool FlatVector::TableAt(size_t index, FlatTable* table) const {
  size_t to;
  return Follow(bytes_, at_ + index * sizeof(uint32_t), &to) && table->Open(bytes_, to);
}

bool FlatTable::Root(std::string_view bytes, std::string_view identifier, FlatTable* root) {
  size_t to;
  return bytes.size() >= 8 && bytes.substr(4, 4) == identifier && Follow(bytes, 0, &to) &&
         root->Open(bytes, to);
}

bool FlatTable::Open(std::string_view bytes, size_t at) {
  int32_t back;
  uint16_t size;
  if (!LoadAt(bytes, at, &back)) return false;
  const int64_t fields = static_cast<int64_t>(at) - back;
  if (fields < 0 || !LoadAt(bytes, static_cast<size_t>(fields), &size)) return false;
  const size_t begin = static_cast<size_t>(fields);
  if (size < 4 || size % 2 != 0 || size > bytes.size() - begin) return false;
  bytes_ = bytes;
  at_ = at;
  fields_at_ = begin + 4;
  field_count_ = (size - 4) / 2;
  return true;
}

bool FlatTable::Find(size_t field, size_t size, size_t* at) const {
  *at = 0;
  if (field >= field_count_) return true;
  uint16_t offset;
  if (!LoadAt(bytes_, fields_at_ + field * 2, &offset)) return false;
  if (offset == 0) return true;
  *at = at_ + offset;
  return *at <= bytes_.size() && bytes_.size() - *at >= size;
}

bool FlatTable::ReadVector(size_t field, size_t width, FlatVector* vector) const {
  size_t at, to;
  uint32_t count;
  *vector = FlatVector();
  if (!Find(field, sizeof(uint32_t), &at)) return false;
  if (at == 0) return true;
  if (!Follow(bytes_, at, &to) || !LoadAt(bytes_, to, &count)) return false;
  if (count > (bytes_.size() - to - sizeof(count)) / width) return false;
  vector->bytes_ = bytes_;
  vector->at_ = to + sizeof(count);
  vector->count_ = count;
  return true;
}

bool FlatTable::ReadText(size_t field, std::string_view* text) const {
  FlatVector vector;
  if (!ReadVector(field, 1, &vector)) return false;
  *text = vector.bytes();
  return true;
}

bool FlatTable::ReadTable(size_t field, FlatTable* table) const {
  size_t at, to;
  *table = FlatTable();
  if (!Find(field, sizeof(uint32_t), &at)) return false;
  return at == 0 || (Follow(bytes_, at, &to) && table->Open(bytes_, to));
}

}  // namespace tensorgate
