#include "openvino/run_model.h"

#include <cstring>
#include <string>

namespace tensorgate::openvino {
namespace {

Status OutOfMemoryFor(size_t bytes) {
  return Status(Code::kResourceExhausted,
                "out of memory for an output tensor of " + std::to_string(bytes) + " bytes");
}

}  // namespace

Status RunModel(const CompiledModel& model, const std::vector<TensorMemory>& inputs,
                const std::vector<size_t>& fetched, std::vector<Tensor>* values) {
  // All, and before the request: it may keep where its last ones lay until others are set.
  *values = std::vector<Tensor>(model.outputs().size());
  CompiledModel::Lease request;
  Status status = model.Take(&request);
  for (size_t i = 0; i < inputs.size() && status.ok(); ++i) {
    status = request->SetInput(i, inputs[i]);
  }
  for (size_t i = 0; i < values->size() && status.ok(); ++i) {
    const Port& port = model.outputs()[i];
    if (!port.shape.is_known()) continue;
    const size_t bytes = BytesOf(port.dtype, port.shape.dims);
    AlignedBuffer& data = (*values)[i].data;
    if (!data.Resize(bytes)) return OutOfMemoryFor(bytes);
    status = request->SetOutput(i, {port.dtype, port.shape.dims, data.data(), bytes});
  }
  if (status.ok()) status = request->Infer();
  for (const size_t port : fetched) {
    TensorMemory memory;
    if (status.ok()) status = request->Output(port, &memory);
    if (!status.ok()) return status;
    Tensor& value = (*values)[port];
    value.dtype = memory.dtype;
    value.dims = memory.dims;
    value.elements = static_cast<int64_t>(memory.bytes / ElementSize(memory.dtype));
    if (value.data.data() != memory.data || memory.bytes == 0) {
      if (!value.data.Resize(memory.bytes)) return OutOfMemoryFor(memory.bytes);
      if (memory.bytes > 0) std::memcpy(value.data.data(), memory.data, memory.bytes);
    }
  }
  return status;
}

}  // namespace tensorgate::openvino
