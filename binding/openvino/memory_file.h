// MemoryFile: bytes in memory under a path, for readers that take nothing else and judge a file by
// its name. The path is a link in a folder of its own to a file that no disk has; both go with the
// object.
#pragma once

#include <string>
#include <string_view>

#include "status/status.h"

namespace tensorgate::openvino {

class MemoryFile {
 public:
  MemoryFile() = default;
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  // Once. `name`: what the path ends in. ERRORS: INTERNAL, with the system's text.
  Status Write(std::string_view bytes, const std::string& name);

  const std::string& path() const { return path_; }

 private:
  Status MakeLink(const std::string& name);

  int file_ = -1;
  std::string folder_;
  std::string path_;
};

}  // namespace tensorgate::openvino
