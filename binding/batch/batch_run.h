// RunBatch: several requests in one run of their model. Merges their rows, runs, and has each
// answer from its rows of the outputs. Requests that cannot share the run, and those of a run that
// failed, run alone. THREAD: run pool.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "batch/batch_task.h"
#include "codec/output_buffer.h"
#include "status/status.h"

namespace tensorgate {

struct BatchOptions {
  int64_t pad_to = 0;                // rows of the run at least; copies of a row fill it up
  bool pad_variable_length = false;  // rows of different shapes may share the run
  bool strict = false;  // outputs without a row for each input row are an error, as upstream has it
};

// A task, or a slice of one, in a batch.
struct BatchPart {
  std::shared_ptr<BatchTask> task;
  int64_t begin = 0;
  int64_t count = 0;
  bool is_slice = false;

  // The caller's: where the answer goes, and in which form.
  uint32_t slot = 0;
  bool reply_is_text = false;

  // Set by RunBatch() and FailBatch(). Not answered: other slices of the task have yet to end.
  bool answered = false;
  Status status;
  OutputBuffer reply;
};

enum class BatchOutcome {
  kRan = 0,      // as planned, whatever the answers are
  kRetried = 1,  // the shared run failed, each ran alone, and not all of them well
  // The shared run failed, could not be made, or had outputs without a row for each input row;
  // alone all of them ran well.
  kUnmergeable = 2,
};

struct BatchReport {
  using Clock = std::chrono::steady_clock;

  std::chrono::nanoseconds run_time{0};  // of all runs, in TensorFlow
  int64_t rows = 0;                      // that shared the run, without padding
  int64_t padded_rows = 0;               // with padding
  BatchOutcome outcome = BatchOutcome::kRan;
  // Where a track of one of the tasks is on: from when they left their queue until all had an
  // answer.
  Clock::time_point began;
  Clock::time_point ended;
  bool is_timed() const { return began != Clock::time_point(); }
};

// REQUIRES: at least one part.
BatchReport RunBatch(const BatchOptions& options, std::vector<BatchPart>* parts);

// Answers all of them with `status`. THREAD: any.
void FailBatch(const Status& status, std::vector<BatchPart>* parts);

}  // namespace tensorgate
