// BatchTask: a decoded request between its decoding and its run. A whole one is run once, by one
// batch. One that is split runs in slices of its rows, by several batches and maybe at once; each
// reads the inputs, and the last to end puts the outputs together.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "call/batch_keys.h"
#include "call/inference_call.h"
#include "call/request_track.h"
#include "codec/output_buffer.h"
#include "pool/mutex.h"
#include "status/status.h"
#include "tensor/tensor.h"
#include "tf/handles.h"

namespace tensorgate {

// The outputs of one run, which the slices in it share.
using RunOutputs = std::shared_ptr<const std::vector<TensorHandle>>;

// Rows of the outputs of a run as a call fetched them. OWNERSHIP: points into the outputs.
struct OutputRows {
  // `order`: where the call's outputs are among those of the run; empty when they are the same.
  OutputRows(const std::vector<TensorHandle>& outputs, const std::vector<size_t>& order,
             int64_t begin, int64_t count);

  std::vector<std::vector<int64_t>> dims;
  std::vector<TensorView> views;
};

class BatchTask {
 public:
  // REQUIRES: the call is decoded. `model` as for KeysOf().
  BatchTask(std::unique_ptr<InferenceCall> call, uint32_t model, RequestTrack track = {})
      : call_(std::move(call)),
        keys_(KeysOf(*call_, model)),
        is_tracked_(track.is_on()),
        track_(std::move(track)) {}

  InferenceCall& call() { return *call_; }
  // THREAD: of who holds the task alone: before its first slice, and when the last has ended.
  RequestTrack& track() { return track_; }
  // Whether the track was on when the task came. THREAD: any.
  bool is_tracked() const { return is_tracked_; }
  const BatchKeys& keys() const { return keys_; }
  int64_t rows() const { return keys_.rows; }

  // THREAD of all below: any.
  struct Slice {
    int64_t begin = 0;
    int64_t count = 0;
    RunOutputs outputs;         // null when the slice failed
    std::vector<size_t> order;  // see OutputRows
    int64_t first_row = 0;      // of `outputs`
    std::chrono::nanoseconds latency{0};
  };

  // Notes what became of a slice. True when it was the last: the task is then answered with
  // FinishSlices(), by who added it.
  [[nodiscard]] bool AddSlice(Slice slice, Status status);

  // A slice has failed, so the others need not run.
  bool failed();

  // The answer of all slices. ERRORS: that of the first slice to fail; INTERNAL when the outputs of
  // the slices do not fit each other; RESOURCE_EXHAUSTED when memory is out.
  Status FinishSlices(OutputBuffer* out);

 private:
  const std::unique_ptr<InferenceCall> call_;
  const BatchKeys keys_;
  const bool is_tracked_;
  RequestTrack track_;  // ends before call_, which holds the model
  Mutex mutex_;
  std::vector<Slice> slices_ GUARDED_BY(mutex_);
  int64_t rows_done_ GUARDED_BY(mutex_) = 0;
  Status status_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate
