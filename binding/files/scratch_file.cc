#include "files/scratch_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "files/scratch_folder.h"
#include "status/errno_code.h"

namespace tensorgate {
namespace {

Status FileFailed(const char* what) {
  const int error = errno;
  return Status(CodeOfErrno(error, Code::kInternal),
                std::string(what) + "; " + std::strerror(error));
}

bool IsOnDisk(int file) {
  struct statfs where;
  return fstatfs(file, &where) == 0 && where.f_type != TMPFS_MAGIC && where.f_type != RAMFS_MAGIC;
}

}  // namespace

ScratchFile::~ScratchFile() {
  if (file_ >= 0) close(file_);
}

Status ScratchFile::Make() {
  ScratchFolder folder;  // the file lives on without it
  if (folder.Make().ok()) {
    const std::string path = folder.path() + "/file";
    file_ = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }
  if (file_ < 0) file_ = memfd_create("tensorgate", MFD_CLOEXEC);
  if (file_ < 0) return FileFailed("cannot make a file");
  is_on_disk_ = IsOnDisk(file_);
  return Status();
}

Status ScratchFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileFailed("cannot write a file");
    size_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return Status();
}

Status ScratchFile::ReadAt(uint64_t offset, void* bytes, size_t count) const {
  char* at = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = pread(file_, at, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileFailed("cannot read a file");
    if (got == 0) return Status(Code::kDataLoss, "a file is shorter than what was written to it");
    at += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<size_t>(got);
  }
  return Status();
}

}  // namespace tensorgate
