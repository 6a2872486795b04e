// CRC32C (Castagnoli), the checksum of TFRecord files, eight bytes a step from tables made at
// compile time. No state; any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace tensorgate {

uint32_t Crc32c(std::string_view bytes);

// As TFRecord stores it: a checksum of bytes that hold checksums themselves would be weak.
inline uint32_t MaskedCrc32c(std::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace tensorgate
