// Synthetic warm-up: runs a model's signatures once with synthetic inputs (synthetic_inputs.h), so
// that TensorFlow's first run of each (pruning, optimizing and placing the graph, making kernels)
// is over before clients come. Nothing here fails a load. THREAD: load pool; blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/saved_model.h"
#include "pool/load_stop.h"

namespace tensorgate {

struct SyntheticWarmupLimits {
  size_t max_runs = 64;
  size_t max_input_bytes = size_t{64} << 20;  // of one signature's inputs together
  std::chrono::milliseconds time{10000};      // of all runs together
  const LoadStop* stop = nullptr;             // no further run is begun once it is stopped
};

struct SyntheticWarmupReport {
  uint32_t run = 0;
  uint32_t failed = 0;        // ran into an error: no synthetic input suits every graph
  uint32_t skipped = 0;       // not run: may change state, beyond a limit, or not runnable at all
  std::string first_failure;  // "<signature>: <text>"
  // Signatures that no run has shown as a client's request will: "<signature>", why.
  std::vector<std::pair<std::string, std::string>> not_representative;
};

// Inputs are zeros, or what the graph asks for where SavedModel's signatures know it
// (synthetic_inputs.h), and numbers from 0.5 to 1 where a signature does not run on zeros.
// Signature defaults are taken where a signature has them.
// A signature that may change the model's state (Signature::changed_by) is not run.
// `serving_default` comes first, then the names in order. A signature whose inputs all have an
// unknown first dimension also runs with each of `batch_rows` in its place.
SyntheticWarmupReport RunSyntheticWarmup(const SavedModel& model,
                                         const SyntheticWarmupLimits& limits,
                                         const std::vector<int64_t>& batch_rows = {});

}  // namespace tensorgate
