// The crossing between our tensors and TensorFlow's: memory is handed over, not copied.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "status/status.h"
#include "tensor/aligned_buffer.h"
#include "tensor/tensor.h"
#include "tf/handles.h"

namespace tensorgate {

// Gives `tensor`'s memory to TensorFlow, which adopts it as it is (64-byte alignment); string
// elements are copied, since TensorFlow may keep a tensor beyond the request that they point into.
// OWNERSHIP: consumes tensor->data. ERRORS: RESOURCE_EXHAUSTED when memory is out; INTERNAL when
// TensorFlow refuses the type. Any thread.
Status ToTfTensor(Tensor* tensor, TensorHandle* out);

// Those of the `wanted` places, one of which may be wanted twice. ERRORS: as ToTfTensor, and then
// `out` is empty. REQUIRES: fixed-size dtypes.
Status ToTfTensors(std::vector<Tensor>* tensors, const std::vector<size_t>& wanted,
                   std::vector<TensorHandle>* out);

// As ToTfTensor for memory that stays shared with another owner (an ArrayBuffer that JavaScript
// filled): freed when both have let go. REQUIRES: a fixed-size dtype and memory of at least
// elements * ElementSize(dtype) bytes.
Status ShareWithTf(DataType dtype, const std::vector<int64_t>& dims,
                   std::shared_ptr<AlignedBuffer> memory, TensorHandle* out);

// Another owner of the same memory, which nobody may write to. Null when memory is out. REQUIRES: a
// dtype with fixed-size elements.
TensorHandle ShareOf(const TF_Tensor& tensor);

// What encoders read. OWNERSHIP: points into `tensor`; the dimensions are copied into `dims`.
TensorView ViewOf(const TF_Tensor* tensor, std::vector<int64_t>* dims);

// Tensors whose memory came from us and is still held by TensorFlow; zero when all is quiet.
int64_t LiveInputTensors();

}  // namespace tensorgate
