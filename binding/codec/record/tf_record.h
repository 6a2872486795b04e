// The records of a TFRecord file (uncompressed), written one by one, and read one after the other;
// the file is never held whole. Per record: length, its masked CRC32C, the data, their masked
// CRC32C. Messages are those of TensorFlow's reader. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "codec/output_buffer.h"
#include "status/status.h"
#include "tensor/aligned_buffer.h"

namespace tensorgate {

// A protobuf message cannot be longer.
constexpr uint64_t kMaxTfRecordBytes = 0x7fffffff;

constexpr size_t kTfRecordHeaderBytes = 12;
constexpr size_t kTfRecordFooterBytes = 4;

// Between the two the data of a record are added to `out`; `begin` is what the first one returned.
size_t BeginTfRecord(OutputBuffer* out);
void EndTfRecord(size_t begin, OutputBuffer* out);

// Whether it begins a record, and how long the data are. REQUIRES: kTfRecordHeaderBytes.
bool ReadTfRecordHeader(const char* header, uint64_t* length);

class TfRecordReader {
 public:
  // OWNERSHIP: borrows `file`, of `size` bytes, which stands at its beginning.
  TfRecordReader(std::FILE* file, uint64_t size) : file_(file), size_(size) {}

  // The next record, or `*ended`. Fewer bytes than a record's header are the end, as upstream. The
  // length is checked against what is left of the file before memory is taken.
  // OWNERSHIP: the view is valid until the next call.
  // ERRORS: DATA_LOSS; RESOURCE_EXHAUSTED when memory is out. The reader is then of no more use.
  Status Next(std::string_view* record, bool* ended);

 private:
  static constexpr uint64_t kHeaderBytes = kTfRecordHeaderBytes;
  static constexpr uint64_t kFooterBytes = kTfRecordFooterBytes;

  std::FILE* const file_;
  const uint64_t size_;
  uint64_t offset_ = 0;
  AlignedBuffer data_;
};

}  // namespace tensorgate
