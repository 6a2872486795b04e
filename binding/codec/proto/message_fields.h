// Walking the fields of a protobuf message. Views point into the bytes that are read. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "codec/proto/wire.h"

namespace tensorgate {

// Calls `on_field(field, type, reader)` for each field; it returns false on a failed read. Fields
// it does not know it must skip. False: the bytes are no message.
template <typename OnField>
bool ForEachField(std::string_view message, OnField on_field) {
  WireReader reader(message);
  while (!reader.AtEnd()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type) || !on_field(field, type, &reader)) return false;
  }
  return true;
}

// Calls `on_bytes(field, bytes)`, which returns false to end it all, for each length-delimited
// field. Others are skipped.
template <typename OnBytes>
bool ForEachBytes(std::string_view message, OnBytes on_bytes) {
  return ForEachField(message, [&](uint32_t field, WireType type, WireReader* reader) {
    if (type != WireType::kBytes) return reader->Skip(field, type);
    std::string_view bytes;
    return reader->ReadBytes(&bytes) && on_bytes(field, bytes);
  });
}

// Calls `on_bytes(bytes)`, which returns false to end it all, for each length-delimited `wanted`.
template <typename OnBytes>
bool ForEachBytes(std::string_view message, uint32_t wanted, OnBytes on_bytes) {
  return ForEachBytes(message, [&](uint32_t field, std::string_view bytes) {
    return field != wanted || on_bytes(bytes);
  });
}

}  // namespace tensorgate
