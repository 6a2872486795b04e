// MappedFile: the bytes of a file, as pages of it. A file that is cut short while they are read
// ends the process (SIGBUS), as it does for a table's. One thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "status/status.h"

namespace tensorgate {

class MappedFile {
 public:
  MappedFile() = default;
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // Once. ERRORS: the system's, with the path.
  Status Open(const std::string& path);

  std::string_view bytes() const { return {static_cast<const char*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

// Gives back pages that this process has of files in a folder, by whoever they are mapped: what is
// read of them again comes from the file, or the kernel's cache of it. Costs a look at all that is
// mapped. THREAD: any. REQUIRES: they are mapped to be read only.
void ReleaseMappedPages(const std::string& folder);

}  // namespace tensorgate
