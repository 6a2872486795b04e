#include "formats/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "status/errno_code.h"

namespace tensorgate {
namespace {

Status CannotRead(const std::string& path, int error) {
  return Status(CodeOfErrno(error, Code::kUnknown), path + "; " + std::strerror(error));
}

}  // namespace

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(data_, size_);
}

Status MappedFile::Open(const std::string& path) {
  // Not blocking: a FIFO would wait for its writer.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return CannotRead(path, errno);
  struct stat stat;
  Status status;
  if (fstat(file, &stat) != 0) {
    status = CannotRead(path, errno);
  } else if (!S_ISREG(stat.st_mode)) {
    status = Status(Code::kFailedPrecondition, path + " is no regular file");
  } else if (stat.st_size > 0) {
    void* const data =
        mmap(nullptr, static_cast<size_t>(stat.st_size), PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED) {
      status = CannotRead(path, errno);
    } else {
      data_ = data;
      size_ = static_cast<size_t>(stat.st_size);
    }
  }
  close(file);
  return status;
}

}  // namespace tensorgate
