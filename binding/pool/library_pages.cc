#include "pool/library_pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace tensorgate {
namespace {

constexpr std::string_view kLibraries[] = {"libtensorflow", "libopenvino"};

bool IsTraced() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    constexpr std::string_view kTracer = "TracerPid:";
    if (line.compare(0, kTracer.size(), kTracer) != 0) continue;
    return line.find_first_not_of(" \t", kTracer.size()) != line.find('0', kTracer.size());
  }
  return true;
}

bool IsLarge(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return std::any_of(
      std::begin(kLibraries), std::end(kLibraries),
      [name](std::string_view library) { return name.substr(0, library.size()) == library; });
}

// Whether what is not written to later was when the library was loaded.
bool HasTextRelocations(const dl_phdr_info& library) {
  for (int i = 0; i < library.dlpi_phnum; ++i) {
    if (library.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* entry =
        reinterpret_cast<const ElfW(Dyn)*>(library.dlpi_addr + library.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      if (entry->d_tag == DT_TEXTREL) return true;
      if (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL) != 0) return true;
    }
  }
  return false;
}

// The linker's lock is held meanwhile: no library goes.
int ReleaseLibrary(dl_phdr_info* library, size_t, void*) {
  if (!IsLarge(library->dlpi_name) || HasTextRelocations(*library)) return 0;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const ElfW(Phdr) & segment = library->dlpi_phdr[i];
    // Where it was ever written to, what was written would be lost.
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begins = library->dlpi_addr + segment.p_vaddr;
    const uintptr_t first = (begins + page - 1) / page * page;
    const uintptr_t end = (begins + segment.p_filesz) / page * page;
    if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void ReleaseLibraryPages() {
  if (!IsTraced()) dl_iterate_phdr(&ReleaseLibrary, nullptr);
}

}  // namespace tensorgate
