// ScratchFolder: an empty folder of this process that goes with the object, and all files in it.
#pragma once

#include <string>

#include "status/status.h"

namespace tensorgate {

class ScratchFolder {
 public:
  ScratchFolder() = default;
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // Once. In TMPDIR, /tmp, /var/tmp or /dev/shm: containers may have a root that is read-only, with
  // some of these mounted. ERRORS: the system's, with these names. THREAD: any; may block.
  Status Make();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace tensorgate
