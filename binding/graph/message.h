// Map entries read, and fields written, of messages whose fields are kept as they are: what the
// files of this folder share. Views point into the bytes that are read. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "codec/proto/message_fields.h"
#include "codec/proto/wire.h"

namespace tensorgate {

// The entry of a map from strings to messages: key 1, value 2.
inline bool ReadMapEntry(std::string_view entry, std::string_view* key, std::string_view* value) {
  return ForEachBytes(entry, [&](uint32_t field, std::string_view bytes) {
    if (field == 1) *key = bytes;
    if (field == 2) *value = bytes;
    return true;
  });
}

inline void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

inline void AppendVarintField(uint32_t field, uint64_t value, std::string* out) {
  AppendVarint(field << 3 | static_cast<uint32_t>(WireType::kVarint), out);
  AppendVarint(value, out);
}

inline void AppendBytesField(uint32_t field, std::string_view bytes, std::string* out) {
  AppendVarint(field << 3 | static_cast<uint32_t>(WireType::kBytes), out);
  AppendVarint(bytes.size(), out);
  out->append(bytes);
}

}  // namespace tensorgate
