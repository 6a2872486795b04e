// Files that are no op library, and what the dynamic linker says of those that do not fit: one line
// each, with the path, before any of their code runs.
#include "model/op_library_file.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "tensorflow/c/c_api.h"

namespace tensorgate {
namespace {

const char kPath[] = TENSORGATE_BINARY_DIR "/checked.so";

std::string Library() {
  std::ifstream file(TENSORGATE_BINARY_DIR "/scale_twice.so", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// Where the last part ends that is mapped.
size_t MappedEnd(const std::string& library) {
  Elf64_Ehdr header;
  std::memcpy(&header, library.data(), sizeof(header));
  size_t end = 0;
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, library.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
    if (segment.p_type == PT_LOAD) end = std::max(end, segment.p_offset + segment.p_filesz);
  }
  return end;
}

Status Check(const std::string& content) {
  std::ofstream(kPath, std::ios::binary) << content;
  return CheckOpLibraryFile(kPath);
}

void ExpectRefused(const Status& status, Code code, const std::string& why,
                   const std::string& path = kPath) {
  EXPECT_EQ(status.code(), code);
  EXPECT_EQ(status.message(), "cannot load op library " + path + ": " + why);
}

TEST(OpLibraryFileTest, TakesASharedLibrary) { EXPECT_TRUE(Check(Library()).ok()); }

TEST(OpLibraryFileTest, RefusesWhatIsNoFile) {
  ExpectRefused(CheckOpLibraryFile("/nowhere/a.so"), Code::kNotFound, "no such file",
                "/nowhere/a.so");
  ExpectRefused(CheckOpLibraryFile("/tmp"), Code::kInvalidArgument,
                "it is a folder; name the .so files in it", "/tmp");
  const std::string fifo = std::string(TENSORGATE_BINARY_DIR) + "/fifo.so";
  unlink(fifo.c_str());
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  ExpectRefused(CheckOpLibraryFile(fifo), Code::kInvalidArgument, "it is no regular file", fifo);
}

TEST(OpLibraryFileTest, RefusesAFileThatCannotBeRead) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read every file";
  ASSERT_TRUE(Check(Library()).ok());
  chmod(kPath, 0);
  const Status status = CheckOpLibraryFile(kPath);
  unlink(kPath);
  ExpectRefused(status, Code::kPermissionDenied, "Permission denied");
}

TEST(OpLibraryFileTest, RefusesWhatIsNoSharedLibrary) {
  const std::string none = "it is no shared library (no ELF header)";
  ExpectRefused(Check(""), Code::kInvalidArgument, none);
  ExpectRefused(Check("text"), Code::kInvalidArgument, none);
  ExpectRefused(Check(std::string(4096, 'x')), Code::kInvalidArgument, none);
  ExpectRefused(Check(Library().substr(0, 40)), Code::kInvalidArgument, none);
  std::string object = Library();
  object[offsetof(Elf64_Ehdr, e_type)] = ET_REL;
  ExpectRefused(Check(object), Code::kInvalidArgument,
                "it is no shared library (link it with -shared)");
}

TEST(OpLibraryFileTest, RefusesALibraryForAnotherProcessor) {
  std::string library = Library();
  const std::string ours =
      library[offsetof(Elf64_Ehdr, e_machine)] == EM_X86_64 ? "x86-64" : "arm64";
  library[offsetof(Elf64_Ehdr, e_machine)] = EM_RISCV & 0xff;
  library[offsetof(Elf64_Ehdr, e_machine) + 1] = static_cast<char>(EM_RISCV >> 8);
  ExpectRefused(Check(library), Code::kInvalidArgument,
                "it is for processor number 243, the server runs on " + ours);
  library[offsetof(Elf64_Ehdr, e_machine)] = EM_386;
  library[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
  library[EI_CLASS] = ELFCLASS32;
  ExpectRefused(Check(library), Code::kInvalidArgument,
                "it is for 32-bit x86, the server runs on " + ours);
}

TEST(OpLibraryFileTest, RefusesALibraryThatIsCutShortWhereverThatIs) {
  const std::string library = Library();
  const size_t end = MappedEnd(library);
  EXPECT_TRUE(Check(library.substr(0, end)).ok()) << "what follows is for debuggers";
  for (const size_t size : {sizeof(Elf64_Ehdr), end / 2, end - 1}) {
    ExpectRefused(Check(library.substr(0, size)), Code::kDataLoss,
                  "it is cut short; copy it again");
  }
  std::string beyond = library;
  for (size_t i = 0; i < sizeof(Elf64_Ehdr::e_phoff); ++i) {
    beyond[offsetof(Elf64_Ehdr, e_phoff) + i] = '\xff';
  }
  ExpectRefused(Check(beyond), Code::kDataLoss, "it is cut short; copy it again");
}

TEST(OpLibraryFileTest, SaysWhatTheDynamicLinkerMeans) {
  const std::string other =
      std::string("it was built for another TensorFlow than the server's ") + TF_Version() + ": ";
  ExpectRefused(
      ExplainOpLibraryError(kPath, std::string(kPath) + ": undefined symbol: "
                                                        "_ZN4absl12lts_202308025MutexD1Ev"),
      Code::kFailedPrecondition, other + "that has no absl::lts_20230802::Mutex::~Mutex()");
  ExpectRefused(ExplainOpLibraryError(kPath,
                                      "libtensorflow_framework.so.1: cannot open shared "
                                      "object file: No such file or directory"),
                Code::kFailedPrecondition, other + "it needs libtensorflow_framework.so.1");
  ExpectRefused(ExplainOpLibraryError(
                    kPath, "libmine.so: cannot open shared object file: No such file or directory"),
                Code::kNotFound, "it needs libmine.so, which is not found");
  ExpectRefused(ExplainOpLibraryError(kPath, "a.so: undefined symbol: mine_open"), Code::kNotFound,
                "it needs mine_open, which is neither TensorFlow's nor in a library that it is "
                "linked with");
  ExpectRefused(ExplainOpLibraryError(kPath, "a.so: version `GLIBC_2.99' not found"),
                Code::kNotFound, "a.so: version `GLIBC_2.99' not found");
}

TEST(OpLibraryFileTest, KeepsLongSymbolsToALine) {
  const Status status =
      ExplainOpLibraryError(kPath, "a.so: undefined symbol: TF_" + std::string(5000, 'x'));
  EXPECT_LT(status.message().size(), 600u);
}

}  // namespace
}  // namespace tensorgate
