#include "model/op_library_file.h"

#include <cxxabi.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "status/errno_code.h"
#include "tensorflow/c/c_api.h"

namespace tensorgate {
namespace {

#if defined(__aarch64__)
constexpr int kMachine = EM_AARCH64;
#else
constexpr int kMachine = EM_X86_64;
#endif

constexpr size_t kMaxSymbol = 200;

struct FileDescriptor {
  explicit FileDescriptor(int number) : number(number) {}
  ~FileDescriptor() {
    if (number >= 0) close(number);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  const int number;
};

Status Refused(Code code, const std::string& path, const std::string& why) {
  return Status(code, "cannot load op library " + path + ": " + why);
}

bool ReadAt(int file, off_t offset, void* to, size_t bytes) {
  return pread(file, to, bytes, offset) == static_cast<ssize_t>(bytes);
}

std::string MachineName(int machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "arm64";
    case EM_386:
      return "32-bit x86";
    case EM_ARM:
      return "32-bit ARM";
    default:
      return "processor number " + std::to_string(machine);
  }
}

// All that is mapped lies within the file: reading beyond its end would be a SIGBUS.
bool IsWhole(int file, const Elf64_Ehdr& header, uint64_t size) {
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (header.e_phentsize != sizeof(Elf64_Phdr) ||
      !ReadAt(file, static_cast<off_t>(header.e_phoff), segments.data(),
              segments.size() * sizeof(Elf64_Phdr))) {
    return false;
  }
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD && segment.p_type != PT_DYNAMIC) continue;
    if (segment.p_offset > size || segment.p_filesz > size - segment.p_offset) return false;
  }
  return true;
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Of TensorFlow, or of what it is made of and exports.
bool IsOfTensorFlow(std::string_view symbol) {
  for (const char* name : {"tensorflow", "3tsl", "4absl", "8protobuf", "3xla", "stream_executor",
                           "tflite", "2tf", "4mlir", "5Eigen"}) {
    if (Contains(symbol, name)) return true;
  }
  return symbol.rfind("TF_", 0) == 0 || symbol.rfind("TFE_", 0) == 0 ||
         symbol.rfind("TSL_", 0) == 0;
}

// As C++ writes it, cut where templates make it long; what is no mangled name stays as it is.
std::string Readable(const std::string& symbol) {
  int status = 0;
  char* const text = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status);
  const std::string whole = text == nullptr ? symbol : text;
  free(text);
  return whole.size() <= kMaxSymbol ? whole : whole.substr(0, kMaxSymbol) + "...";
}

// The word that follows `label` in `text`; empty where there is none.
std::string WordAfter(const std::string& text, std::string_view label) {
  const size_t at = text.find(label);
  if (at == std::string::npos) return "";
  const size_t begin = at + label.size();
  return text.substr(begin, text.find_first_of(" ,;\n", begin) - begin);
}

Status ForAnotherTensorFlow(const std::string& path, const std::string& evidence) {
  return Refused(Code::kFailedPrecondition, path,
                 "it was built for another TensorFlow than the server's " +
                     std::string(TF_Version()) + ": " + evidence);
}

}  // namespace

Status CheckOpLibraryFile(const std::string& path) {
  // Not blocking: a FIFO would wait for its writer.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat stat;
  if (file.number < 0 || fstat(file.number, &stat) != 0) {
    const int error = errno;
    return Refused(CodeOfErrno(error, Code::kUnknown), path,
                   error == ENOENT ? "no such file" : std::strerror(error));
  }
  if (!S_ISREG(stat.st_mode)) {
    return Refused(Code::kInvalidArgument, path,
                   S_ISDIR(stat.st_mode) ? "it is a folder; name the .so files in it"
                                         : "it is no regular file");
  }
  const uint64_t size = static_cast<uint64_t>(stat.st_size);
  Elf64_Ehdr header;
  if (size < sizeof(header) || !ReadAt(file.number, 0, &header, sizeof(header)) ||
      std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
    return Refused(Code::kInvalidArgument, path, "it is no shared library (no ELF header)");
  }
  // The machine lies at the same place in 32-bit files.
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != kMachine) {
    return Refused(Code::kInvalidArgument, path,
                   "it is for " + MachineName(header.e_machine) + ", the server runs on " +
                       MachineName(kMachine));
  }
  if (header.e_type != ET_DYN) {
    return Refused(Code::kInvalidArgument, path, "it is no shared library (link it with -shared)");
  }
  if (!IsWhole(file.number, header, size)) {
    return Refused(Code::kDataLoss, path, "it is cut short; copy it again");
  }
  return Status();
}

Status ExplainOpLibraryError(const std::string& path, const std::string& text) {
  const std::string symbol = WordAfter(text, "undefined symbol: ");
  if (!symbol.empty()) {
    if (IsOfTensorFlow(symbol)) {
      return ForAnotherTensorFlow(path, "that has no " + Readable(symbol));
    }
    return Refused(Code::kNotFound, path,
                   "it needs " + Readable(symbol) +
                       ", which is neither TensorFlow's nor in a library that it is linked with");
  }
  const size_t missing = text.find(": cannot open shared object file");
  if (missing != std::string::npos) {
    const std::string library = text.substr(0, missing);
    if (Contains(library, "libtensorflow")) {
      return ForAnotherTensorFlow(path, "it needs " + library);
    }
    return Refused(Code::kNotFound, path, "it needs " + library + ", which is not found");
  }
  return Refused(Code::kNotFound, path, text);
}

}  // namespace tensorgate
