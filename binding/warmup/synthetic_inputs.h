// SyntheticInputs: values for a signature that nobody has sent yet, for the runs that a load makes
// by itself. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/input_hints.h"
#include "model/saved_model.h"
#include "pool/load_stop.h"
#include "tf/handles.h"
#include "warmup/synthetic_values.h"

namespace tensorgate {

// What a signature's inputs are made after: `Signature::synthetic`.
struct SyntheticSpec {
  std::vector<InputHint> hints;  // as def.inputs
  int size = 1;                  // of unknown dimensions behind the first one, and of images
  bool opens_rows = false;       // dimension 0 is unknown, whatever the signature says
};

struct SyntheticInputs {
  std::vector<TensorHandle> owned;
  std::vector<TF_Tensor*> values;  // as the signature's inputs
};

struct LearningLimits {
  std::chrono::milliseconds time{5000};  // of all runs together
  size_t max_signatures = 16;
  size_t max_input_bytes = size_t{64} << 20;  // of one signature's inputs together
  const LoadStop* stop = nullptr;             // no further run is begun once it is stopped
};

// Reads from the graph what the inputs of each signature must look like and, where a size may be
// any, finds the smallest of a few that the signature runs with. `path`: the version's folder,
// which has the vocabularies. Nothing here fails a load. THREAD: load pool; blocks.
// REQUIRES: the model has its graph as it was saved, and nobody else has the model.
void LearnInputs(const std::string& path, const LearningLimits& limits, SavedModel* model);

// A row of each fill where dimension 0 is unknown; an unknown rank is one row, unless the graph
// says something else. Signature defaults are taken where a signature has them. A dimension 0 that
// is known is filled as the first row. False when the inputs would take more than `max_bytes`, or
// are of no type that a request could carry, or not in the graph.
// REQUIRES: at least one fill.
bool MakeSyntheticInputs(const Signature& signature, const std::vector<RowFill>& rows,
                         size_t max_bytes, SyntheticInputs* inputs);

// Whether every input has an unknown first dimension.
bool HasRowsOfAnyNumber(const Signature& signature);

// Whether any output has an element.
bool HaveElements(const std::vector<TensorHandle>& outputs);

}  // namespace tensorgate
