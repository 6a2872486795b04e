// What a trial runs: requests of the version's warm-up file or, where it has none, made-up inputs
// for its signatures. THREAD: load pool.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/inference_call.h"
#include "runtime/saved_model.h"
#include "runtime/synthetic_inputs.h"

namespace tensorgate {

struct TrialCase {
  std::vector<TF_Output> feeds;
  std::vector<TF_Tensor*> values;
  std::vector<TF_Output> fetches;
  std::unique_ptr<InferenceCall> call;  // owns the values, where it came from the file
  SyntheticInputs synthetic;            // owns them otherwise
};

// The first that a client is likely to send comes first. `path`: the version's folder. Made-up
// inputs come once as numbers and once as zeros. The cases must not outlive `model`.
std::vector<TrialCase> MakeTrialCases(const SavedModel& model, const std::string& path,
                                      bool synthetic);

}  // namespace tensorgate
