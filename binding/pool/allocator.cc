#include "pool/allocator.h"

#include <malloc.h>

#include <cstdlib>
#include <initializer_list>

#include "pool/load_priority.h"

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

bool IsTuned() {
  static const bool tuned = Tune();
  return tuned;
}

// malloc_trim() leaves the free end of an arena alone, unless it is the main one. Freeing a block
// that is not small has glibc look at it.
void ReleaseEndOfArena() {
  constexpr size_t kNotSmall = size_t{128} << 10;
  mallopt(M_TRIM_THRESHOLD, 0);
  void* volatile block = std::malloc(kNotSmall);
  std::free(block);
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);
}

}  // namespace

void TuneAllocator() { IsTuned(); }

void ReleaseFreed() {
  // It holds one arena after the other, and who needs memory of one waits: not for a thread that
  // gives way to all others.
  AtRequestPriority([] { malloc_trim(0); });
  if (IsTuned()) ReleaseEndOfArena();
}

}  // namespace tensorgate
