// TFRecord files put together by hand, with a checksum computed bit by bit, so that the reader is
// not tested against its own tables.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "codec/record/tf_record.h"

namespace tensorgate::record {

inline uint32_t SlowMaskedCrc(std::string_view bytes) {
  uint32_t crc = 0xffffffffu;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
  }
  crc ^= 0xffffffffu;
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

template <typename T>
std::string LittleEndian(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

// A length with its checksum; the data may be of another length.
inline std::string Header(uint64_t length) {
  const std::string bytes = LittleEndian(length);
  return bytes + LittleEndian(SlowMaskedCrc(bytes));
}

inline std::string Record(std::string_view data) {
  return Header(data.size()) + std::string(data) + LittleEndian(SlowMaskedCrc(data));
}

// The reader over a file that lies in memory; borrows `bytes`.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes)
      : file_(fmemopen(const_cast<char*>(bytes.data()), bytes.size(), "rb"), &std::fclose),
        reader_(file_.get(), bytes.size()) {}
  TfRecordReader& reader() { return reader_; }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  TfRecordReader reader_;
};

}  // namespace tensorgate::record
