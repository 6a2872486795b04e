#include "napi/process.h"

#include <cstdint>
#include <thread>

namespace tensorgate {

Process::Process(const PoolSizes& sizes)
    : runs("tensorgate-run",
           sizes.run_threads > 0 ? sizes.run_threads : std::thread::hardware_concurrency(),
           sizes.run_queue_capacity),
      decodes("tensorgate-dec", runs.threads(), sizes.run_queue_capacity),
      loads("tensorgate-load", sizes.load_threads, SIZE_MAX),
      registry(&loads) {}

Process& Process::Get(const PoolSizes& sizes) {
  static Process* const process = new Process(sizes);
  return *process;
}

}  // namespace tensorgate
