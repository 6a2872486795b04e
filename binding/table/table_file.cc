#include "table/table_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "status/errno_code.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22  // Linux 5.14
#endif

namespace tensorgate {
namespace {

constexpr size_t kStepBytes = size_t{8} << 20;

}  // namespace

TableFile::~TableFile() {
  if (fd_ >= 0) close(fd_);
}

Status TableFile::Open(const std::string& folder, const std::string& name, const char* field) {
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == ".." ||
      name.find('\0') != std::string::npos) {
    return InvalidArgument(folder + "/table.pbtxt: " + field +
                           ": expected the name of a file beside it, got " + Quoted(name));
  }
  path_ = folder + "/" + name;
  // Not blocking: a FIFO would wait for its writer.
  fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat stat;
  if (fd_ < 0 || fstat(fd_, &stat) != 0) {
    return Refused(CodeOfErrno(errno, Code::kInvalidArgument), std::strerror(errno));
  }
  if (!S_ISREG(stat.st_mode)) return Refused(0, "expected a regular file");
  size_ = static_cast<uint64_t>(stat.st_size);
  return Status();
}

Status TableFile::ReadAt(uint64_t offset, void* to, size_t bytes, size_t* read) const {
  for (*read = 0; *read < bytes;) {
    Status stopped = CheckStopped();
    if (!stopped.ok()) return stopped;
    const ssize_t got =
        pread(fd_, static_cast<char*>(to) + *read, std::min(bytes - *read, kStepBytes),
              static_cast<off_t>(offset + *read));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", errno);
    if (got == 0) break;
    *read += static_cast<size_t>(got);
  }
  return Status();
}

Status TableFile::ReadAll(uint64_t offset, MemoryRegion* region) const {
  const uint64_t bytes = size_ - offset;
  if (!region->Resize(bytes)) return OutOfMemory(bytes);
  size_t read = 0;
  Status status = ReadAt(offset, region->data(), bytes, &read);
  if (status.ok() && read < bytes) {
    return Refused(Code::kDataLoss, "expected " + std::to_string(size_) +
                                        " bytes as when it was opened, got " +
                                        std::to_string(offset + read));
  }
  return status;
}

Status TableFile::Map(MemoryRegion* region) const {
  if (!region->MapFile(fd_, size_)) return Failed("map", errno);
  const MemoryRegion& mapped = *region;
  uint8_t* const data = const_cast<uint8_t*>(mapped.data());
  for (size_t at = 0; at < size_; at += kStepBytes) {
    Status stopped = CheckStopped();
    if (!stopped.ok()) return stopped;
    // Where the kernel cannot, pages come with the first lookups.
    if (madvise(data + at, std::min<size_t>(kStepBytes, size_ - at), MADV_POPULATE_READ) != 0) {
      break;
    }
  }
  return Status();
}

Status TableFile::CheckStopped() const {
  if (!is_stopped_ || !is_stopped_()) return Status();
  return Status(Code::kCancelled, "Loading of servable cancelled");
}

Status TableFile::Refused(uint64_t line, const std::string& what) const {
  const std::string place = line == 0 ? "" : "line " + std::to_string(line) + ": ";
  return Refused(Code::kInvalidArgument, place + what);
}

Status TableFile::Refused(Code code, const std::string& what) const {
  return Status(code, path_ + ": " + what);
}

Status TableFile::OutOfMemory(uint64_t bytes) const {
  return Refused(Code::kResourceExhausted, "no memory for " + std::to_string(bytes) + " bytes");
}

Status TableFile::Failed(const char* what, int error) const {
  return Refused(Code::kInternal, std::string("cannot ") + what + " it: " + std::strerror(error));
}

}  // namespace tensorgate
