#include "files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>

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

void ReleaseMappedPages(const std::string& folder) {
  const std::string prefix = folder + "/";
  std::ifstream maps("/proc/self/maps");
  // "7f5c85e00000-7f5c8bf83000 r--s 00000000 fe:00 10217569    /folder/file"
  for (std::string line; std::getline(maps, line);) {
    const size_t path = line.find('/');
    if (path == std::string::npos || line.compare(path, prefix.size(), prefix) != 0) continue;
    uintptr_t begins = 0, ends = 0;
    char write = 'w';
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %*c%c", &begins, &ends, &write) == 3 &&
        write == '-') {
      madvise(reinterpret_cast<void*>(begins), ends - begins, MADV_DONTNEED);
    }
  }
}

}  // namespace tensorgate
