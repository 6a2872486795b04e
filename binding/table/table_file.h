// TableFile: a file of a version's folder, and the words for what is wrong in it. Whoever wrote it
// is not trusted: a FIFO, a folder or a path that leaves the version's are refused, and sizes are
// checked by those who read. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "status/status.h"
#include "table/memory_region.h"

namespace tensorgate {

// Whether nobody waits for the load any more; empty: never. Asked every few MiB.
using IsLoadStopped = std::function<bool()>;

class TableFile {
 public:
  explicit TableFile(IsLoadStopped is_stopped) : is_stopped_(std::move(is_stopped)) {}
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;
  ~TableFile();

  // `field` is what names the file in table.pbtxt, for errors.
  // ERRORS: INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED.
  Status Open(const std::string& folder, const std::string& name, const char* field);

  uint64_t size() const { return size_; }  // when it was opened

  // Up to `bytes` from `offset` on; fewer only at the end. ERRORS: INTERNAL, CANCELLED.
  Status ReadAt(uint64_t offset, void* to, size_t bytes, size_t* read) const;

  // All from `offset` on, into `region`. ERRORS: also RESOURCE_EXHAUSTED; DATA_LOSS when the file
  // has become shorter.
  Status ReadAll(uint64_t offset, MemoryRegion* region) const;

  // All of it, in place, and read once so that no lookup waits for the disk.
  // ERRORS: INTERNAL, CANCELLED. REQUIRES: size() > 0.
  Status Map(MemoryRegion* region) const;

  Status CheckStopped() const;

  // "<path>: line 3: <what>"; without the line when it is 0.
  Status Refused(uint64_t line, const std::string& what) const;
  Status Refused(Code code, const std::string& what) const;
  Status OutOfMemory(uint64_t bytes) const;

 private:
  Status Failed(const char* what, int error) const;

  const IsLoadStopped is_stopped_;
  std::string path_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

}  // namespace tensorgate
