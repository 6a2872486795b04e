#include "codec/record/tf_record.h"

#include <cstring>
#include <string>

#include "codec/record/crc32c.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they are");

namespace tensorgate {
namespace {

Status DataLoss(std::string message) { return Status(Code::kDataLoss, std::move(message)); }

Status Truncated(uint64_t offset) {
  return DataLoss("truncated record at " + std::to_string(offset) +
                  "' failed with Read less bytes than requested");
}

Status Corrupted(uint64_t offset) {
  return DataLoss("corrupted record at " + std::to_string(offset) +
                  (offset == 0 ? " (Is this even a TFRecord file?)" : ""));
}

bool HasChecksum(std::string_view bytes, const char* checksum) {
  uint32_t stored;
  std::memcpy(&stored, checksum, sizeof(stored));
  return MaskedCrc32c(bytes) == stored;
}

void WriteChecksum(std::string_view bytes, char* to) {
  const uint32_t checksum = MaskedCrc32c(bytes);
  std::memcpy(to, &checksum, sizeof(checksum));
}

}  // namespace

size_t BeginTfRecord(OutputBuffer* out) {
  const size_t begin = out->size();
  out->Ensure(kTfRecordHeaderBytes);
  out->Commit(kTfRecordHeaderBytes);
  return begin;
}

void EndTfRecord(size_t begin, OutputBuffer* out) {
  char* const end = out->Ensure(kTfRecordFooterBytes);
  char* const header = end - out->size() + begin;
  char* const data = header + kTfRecordHeaderBytes;
  const uint64_t length = static_cast<uint64_t>(end - data);
  std::memcpy(header, &length, sizeof(length));
  WriteChecksum({header, sizeof(length)}, header + sizeof(length));
  WriteChecksum({data, static_cast<size_t>(length)}, end);
  out->Commit(kTfRecordFooterBytes);
}

bool ReadTfRecordHeader(const char* header, uint64_t* length) {
  std::memcpy(length, header, sizeof(*length));
  return HasChecksum({header, sizeof(*length)}, header + sizeof(*length));
}

Status TfRecordReader::Next(std::string_view* record, bool* ended) {
  *ended = size_ - offset_ < kHeaderBytes;
  if (*ended) return Status();
  char header[kHeaderBytes];
  if (std::fread(header, 1, kHeaderBytes, file_) != kHeaderBytes) return Truncated(offset_);
  uint64_t length;
  if (!ReadTfRecordHeader(header, &length)) return Corrupted(offset_);
  const uint64_t left = size_ - offset_ - kHeaderBytes;
  if (left < kFooterBytes || length > left - kFooterBytes) return Truncated(offset_);
  if (length > kMaxTfRecordBytes) return DataLoss("record size too large");

  const size_t bytes = static_cast<size_t>(length + kFooterBytes);
  if (!data_.Resize(bytes)) {
    return Status(Code::kResourceExhausted, "out of memory for a record of " +
                                                std::to_string(length) + " bytes at " +
                                                std::to_string(offset_));
  }
  if (std::fread(data_.data(), 1, bytes, file_) != bytes) return Truncated(offset_);
  const char* data = reinterpret_cast<const char*>(data_.data());
  const std::string_view content(data, static_cast<size_t>(length));
  if (!HasChecksum(content, data + length)) return Corrupted(offset_ + kHeaderBytes);
  offset_ += kHeaderBytes + bytes;
  *record = content;
  return Status();
}

}  // namespace tensorgate
