// What we ask of glibc's malloc, which TensorFlow and Node share with us.
#pragma once

namespace tensorgate {

// Has freed memory of up to 32 MiB in each arena stay with the process. Left to itself glibc gives
// a large request's buffers back to the system after each request, and the next one pays for every
// page again: 600 KB requests at 4 in flight were half as fast. Nothing is changed where the
// environment has MALLOC_..._ or GLIBC_TUNABLES of its own. THREAD: any; the first call counts.
void TuneAllocator();

// Gives back to the system what loads and unloads have freed, whole pages of it. THREAD: that which
// freed the most, since what lies at the end of other threads' arenas stays.
void ReleaseFreed();

}  // namespace tensorgate
