#include "runtime/allocator.h"

#include <malloc.h>

#include <cstdlib>
#include <initializer_list>

namespace tensorgate {
namespace {

constexpr int kKeptBytes = 32 << 20;
// The most that glibc takes. Larger blocks have pages of their own.
constexpr int kMappedBytes = 32 << 20;

bool Tune() {
  for (const char* name :
       {"GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_"}) {
    if (std::getenv(name) != nullptr) return false;
  }
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
  mallopt(M_MMAP_THRESHOLD, kMappedBytes);
  return true;
}

}  // namespace

void TuneAllocator() {
  static const bool tuned = Tune();
  (void)tuned;
}

}  // namespace tensorgate
