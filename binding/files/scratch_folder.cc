#include "files/scratch_folder.h"

#include <dirent.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "status/errno_code.h"

namespace tensorgate {

ScratchFolder::~ScratchFolder() {
  if (path_.empty()) return;
  if (DIR* const folder = opendir(path_.c_str())) {
    while (const dirent* const entry = readdir(folder)) {
      unlinkat(dirfd(folder), entry->d_name, 0);  // not "." and ".."
    }
    closedir(folder);
  }
  rmdir(path_.c_str());
}

Status ScratchFolder::Make() {
  const char* const given = std::getenv("TMPDIR");
  int error = ENOENT;
  for (const char* parent : {given, "/tmp", "/var/tmp", "/dev/shm"}) {
    if (parent == nullptr || *parent == '\0') continue;
    std::string path = std::string(parent) + "/tensorgate-XXXXXX";
    if (mkdtemp(path.data()) != nullptr) {
      path_ = path;
      return Status();
    }
    error = errno;
  }
  return Status(CodeOfErrno(error, Code::kInternal),
                std::string("no folder can be made in TMPDIR, /tmp, /var/tmp or /dev/shm; ") +
                    std::strerror(error));
}

}  // namespace tensorgate
