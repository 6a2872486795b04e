// What a trial runs: requests of the version's warm-up file or, where it has none, synthetic inputs
// for its signatures; and the same without any row, and with NaN. THREAD: load pool.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "call/inference_call.h"
#include "model/saved_model.h"
#include "tf/handles.h"
#include "warmup/synthetic_inputs.h"

namespace tensorgate {

enum class TrialCaseKind {
  kRows,
  kNoRows,  // of 0 rows where dimension 0 is unknown
  kNan,     // every float is NaN
};

struct TrialCase {
  TrialCaseKind kind = TrialCaseKind::kRows;
  std::vector<TF_Output> feeds;
  std::vector<TF_Tensor*> values;
  std::vector<TF_Output> fetches;
  std::unique_ptr<InferenceCall> call;  // owns the values, where it came from the file
  SyntheticInputs synthetic;            // owns them otherwise
  std::vector<TensorHandle> changed;    // values that are not those of the case it is made from
};

// The first that a client is likely to send comes first, each with the same without rows after it;
// then, of synthetic inputs, three rows (zeros where the number of rows is known); NaN comes last.
// `path`: the version's folder. The cases must not outlive `model`, nor each other.
std::vector<TrialCase> MakeTrialCases(const SavedModel& model, const std::string& path,
                                      bool synthetic);

}  // namespace tensorgate
