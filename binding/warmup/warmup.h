// Warm-up: what a version runs between its load and AVAILABLE, so that its first clients do not pay
// for what TensorFlow prepares at a first run: the requests of its warm-up file or, where it has
// none, synthetic ones (synthetic_warmup.h). THREAD: load pool; blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "call/inference_call.h"
#include "model/servable.h"
#include "pool/load_stop.h"
#include "status/status.h"
#include "warmup/synthetic_warmup.h"

namespace tensorgate {

struct WarmupOptions {
  std::string path;                 // the version's directory
  uint32_t iterations = 1;          // how often each record runs
  bool synthetic = true;            // --synthetic_warmup
  std::vector<int64_t> batch_rows;  // sizes of batches for synthetic requests, besides one row
  const LoadStop* stop = nullptr;   // nothing further is run once it is stopped
};

struct WarmupReport {
  // Why the version must not serve. Upstream's codes and texts.
  Status status;
  bool has_file = false;
  // The file was read to its end or to an error in its framing: what upstream's metrics count.
  bool read_through = false;
  uint32_t records = 0;
  int64_t micros = 0;
  SyntheticWarmupReport synthetic;
};

// assets.extra/tf_serving_warmup_requests below a version's directory: TFRecords of
// tensorflow.serving.PredictionLog, run in their order. A file without records is a file: no
// synthetic input is run beside it.
WarmupReport WarmUp(const Servable& model, const WarmupOptions& options);

// The first requests of the warm-up file in the folder of a version, decoded, `most` at most; those
// before the first that cannot be. False where there is no file. The calls must not outlive
// `model`.
bool ReadWarmupCalls(const Servable& model, const std::string& path, size_t most,
                     std::vector<std::unique_ptr<InferenceCall>>* calls);

}  // namespace tensorgate
