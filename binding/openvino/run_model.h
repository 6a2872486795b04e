// One run of a compiled model. Any thread.
#pragma once

#include <cstddef>
#include <vector>

#include "openvino/compiled_model.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate::openvino {

// Blocks for the whole run. `inputs`: by the numbers of the model's inputs. `values`: by those of
// its outputs; of these, the ones that are `fetched`. ERRORS: as InferRequest's;
// RESOURCE_EXHAUSTED. REQUIRES: inputs of the shapes that it was compiled for.
Status RunModel(const CompiledModel& model, const std::vector<TensorMemory>& inputs,
                const std::vector<size_t>& fetched, std::vector<Tensor>* values);

}  // namespace tensorgate::openvino
