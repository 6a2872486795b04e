#include "openvino/run_model.h"

#include <cstring>
#include <string>
#include <utility>

namespace tensorgate::openvino {
namespace {

Status OutOfMemoryFor(size_t bytes) {
  return Status(Code::kResourceExhausted,
                "out of memory for an output tensor of " + std::to_string(bytes) + " bytes");
}

// Copies what the request has memory of its own for; false: the request is to read it where it is.
bool CopyInput(const Port& port, const TensorMemory& input, void* own) {
  if (own == nullptr || input.dtype != port.dtype || input.dims != port.shape.dims) return false;
  std::memcpy(own, input.data, input.bytes);
  return true;
}

Status Copy(TensorMemory memory, Tensor* value) {
  value->dtype = memory.dtype;
  value->dims = std::move(memory.dims);
  value->elements = static_cast<int64_t>(memory.bytes / ElementSize(memory.dtype));
  if (value->data.data() == memory.data && memory.bytes > 0) return Status();  // written there
  if (!value->data.Resize(memory.bytes)) return OutOfMemoryFor(memory.bytes);
  if (memory.bytes > 0) std::memcpy(value->data.data(), memory.data, memory.bytes);
  return Status();
}

}  // namespace

Status RunModel(const CompiledModel& model, const std::vector<TensorMemory>& inputs,
                const std::vector<size_t>& fetched, std::vector<Tensor>* values) {
  // All, and before the request: it may keep where its last ones lay until others are set.
  *values = std::vector<Tensor>(model.outputs().size());
  CompiledModel::Lease request;
  Status status = model.Take(&request);
  for (size_t i = 0; i < inputs.size() && status.ok(); ++i) {
    if (CopyInput(model.inputs()[i], inputs[i], request->own_input(i))) continue;
    status = request->SetInput(i, inputs[i]);
  }
  for (size_t i = 0; i < values->size() && status.ok(); ++i) {
    const Port& port = model.outputs()[i];
    if (!port.shape.is_known() || request->own_output(i) != nullptr) continue;
    const size_t bytes = BytesOf(port.dtype, port.shape.dims);
    AlignedBuffer& data = (*values)[i].data;
    if (!data.Resize(bytes)) return OutOfMemoryFor(bytes);
    status = request->SetOutput(i, {port.dtype, port.shape.dims, data.data(), bytes});
  }
  if (status.ok()) status = request->Infer();
  for (size_t k = 0; k < fetched.size() && status.ok(); ++k) {
    const size_t i = fetched[k];
    const Port& port = model.outputs()[i];
    TensorMemory memory;
    if (void* const own = request->own_output(i)) {
      memory = {port.dtype, port.shape.dims, own, BytesOf(port.dtype, port.shape.dims)};
    } else {
      status = request->Output(i, &memory);
    }
    if (status.ok()) status = Copy(std::move(memory), &(*values)[i]);
  }
  return status;
}

}  // namespace tensorgate::openvino
