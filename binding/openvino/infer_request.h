// InferRequest: one run after another of a compiled model, from memory of others into memory of
// others. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "openvino/c_api.h"
#include "openvino/port.h"
#include "status/status.h"
#include "tensor/dtype.h"

namespace tensorgate::openvino {

// Where a value lies: elements in native order, one after the other.
struct TensorMemory {
  DataType dtype = DataType::kInvalid;
  std::vector<int64_t> dims;
  void* data = nullptr;
  size_t bytes = 0;
};

class InferRequest {
 public:
  // The ports are its model's.
  InferRequest(InferRequestHandle object, const std::vector<Port>& inputs,
               const std::vector<Port>& outputs);

  // The request's own memory of a port with a small value of a known shape: to copy it there and
  // back takes a quarter of the time that Set and Output take. Null for others, and where other
  // memory was set.
  void* own_input(size_t index) const { return own_inputs_[index]; }
  void* own_output(size_t index) const { return own_outputs_[index]; }

  // Nothing is copied: the memory is read by every Infer() from now on until another is set, and
  // must be there for that long. ERRORS: INVALID_ARGUMENT where dtype or shape are not the model's.
  // REQUIRES: the number of an input; memory of dims' elements of that dtype, not null where there
  // are some.
  Status SetInput(size_t index, const TensorMemory& memory);

  // Likewise where an output goes, whose shape must then be known: without it, into OpenVINO's own
  // memory.
  Status SetOutput(size_t index, const TensorMemory& memory);

  // Blocks for the whole run. ERRORS: INTERNAL with OpenVINO's text.
  Status Infer();

  // OWNERSHIP: the memory is the one that was set, or this request's until its next run. ERRORS:
  // INTERNAL.
  Status Output(size_t index, TensorMemory* out) const;

 private:
  using OwnMemory = std::vector<void*>;
  OwnMemory Own(const std::vector<Port>& ports,
                int (*get)(const InferRequestObject*, size_t, TensorObject**)) const;

  InferRequestHandle object_;
  OwnMemory own_inputs_;
  OwnMemory own_outputs_;
};

}  // namespace tensorgate::openvino
