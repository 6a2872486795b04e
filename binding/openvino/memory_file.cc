#include "openvino/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace tensorgate::openvino {
namespace {

Status FailedFile(const std::string& what) {
  return Status(Code::kInternal, what + ": " + std::strerror(errno));
}

}  // namespace

MemoryFile::~MemoryFile() {
  if (!path_.empty()) unlink(path_.c_str());
  if (!folder_.empty()) rmdir(folder_.c_str());
  if (file_ >= 0) close(file_);
}

Status MemoryFile::Write(std::string_view bytes, const std::string& name) {
  file_ = memfd_create("tensorgate", MFD_CLOEXEC);
  if (file_ < 0) return FailedFile("cannot make a file in memory");
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FailedFile("cannot write a file in memory");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return MakeLink(name);
}

Status MemoryFile::MakeLink(const std::string& name) {
  const char* const given = std::getenv("TMPDIR");
  // Containers may have a root that is read-only, with some of these mounted.
  for (const char* parent : {given, "/tmp", "/dev/shm", "/var/tmp"}) {
    if (parent == nullptr || *parent == '\0') continue;
    std::string folder = std::string(parent) + "/tensorgate-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) continue;
    folder_ = folder;
    break;
  }
  if (folder_.empty()) {
    return FailedFile("no folder for a link to a file in memory: TMPDIR, /tmp and /dev/shm");
  }
  const std::string path = folder_ + "/" + name;
  const std::string target = "/proc/self/fd/" + std::to_string(file_);
  if (symlink(target.c_str(), path.c_str()) != 0) return FailedFile("cannot link " + path);
  path_ = path;
  return Status();
}

}  // namespace tensorgate::openvino
