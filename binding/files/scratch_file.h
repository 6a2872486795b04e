// ScratchFile: bytes that are put aside, in a file without a name: it goes with the object, or with
// the process. One thread at a time, but for ReadAt().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "status/status.h"

namespace tensorgate {

class ScratchFile {
 public:
  ScratchFile() = default;
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  // Once. Where ScratchFolder has one, or else in memory. ERRORS: the system's.
  Status Make();

  // At the end. ERRORS: the system's; what was written before stays.
  Status Append(std::string_view bytes);
  // ERRORS: the system's; DATA_LOSS where there are not as many. THREAD: any.
  Status ReadAt(uint64_t offset, void* bytes, size_t count) const;

  uint64_t size() const { return size_; }
  // What is written goes to a disk, and not into memory; false also where that is not known.
  bool is_on_disk() const { return is_on_disk_; }
  // By which this process opens it, for as long as the object is there.
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_ = -1;
  uint64_t size_ = 0;
  bool is_on_disk_ = false;
};

}  // namespace tensorgate
