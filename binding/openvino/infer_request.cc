#include "openvino/infer_request.h"

#include <string>
#include <utility>

#include "openvino/element_type.h"
#include "openvino/error.h"

namespace tensorgate::openvino {
namespace {

Status TensorOver(const TensorMemory& memory, TensorObjectHandle* out) {
  static char nothing;  // what no elements lie at: it takes no null pointer
  const int type = ElementTypeOf(memory.dtype);
  if (type < 0) {
    return InvalidArgument("OpenVINO has no tensors of " + DataTypeName(memory.dtype));
  }
  const CShape shape{static_cast<int64_t>(memory.dims.size()),
                     const_cast<int64_t*>(memory.dims.data())};
  TensorObject* tensor = nullptr;
  Status status = FromOpenVino(
      Api().tensor_over(type, shape, memory.data == nullptr ? &nothing : memory.data, &tensor),
      Code::kInternal, "OpenVINO takes no tensor");
  if (status.ok()) out->reset(tensor);
  return status;
}

// A value of so many bytes is copied.
constexpr size_t kSmallBytes = 4096;

}  // namespace

InferRequest::InferRequest(InferRequestHandle object, const std::vector<Port>& inputs,
                           const std::vector<Port>& outputs)
    : object_(std::move(object)),
      own_inputs_(Own(inputs, Api().get_input)),
      own_outputs_(Own(outputs, Api().get_output)) {}

InferRequest::OwnMemory InferRequest::Own(const std::vector<Port>& ports,
                                          int (*get)(const InferRequestObject*, size_t,
                                                     TensorObject**)) const {
  OwnMemory own(ports.size());
  for (size_t i = 0; i < ports.size(); ++i) {
    if (!ports[i].shape.is_known()) continue;
    const size_t bytes = BytesOf(ports[i].dtype, ports[i].shape.dims);
    TensorObject* object = nullptr;
    if (bytes == 0 || bytes > kSmallBytes || get(object_.get(), i, &object) != 0) continue;
    const TensorObjectHandle tensor(object);
    size_t there = 0;
    void* data = nullptr;
    if (Api().tensor_bytes(object, &there) != 0 || there != bytes) continue;
    if (Api().tensor_data(object, &data) == 0) own[i] = data;
  }
  return own;
}

Status InferRequest::SetInput(size_t index, const TensorMemory& memory) {
  TensorObjectHandle tensor;
  Status status = TensorOver(memory, &tensor);
  if (!status.ok()) return status;
  own_inputs_[index] = nullptr;
  return FromOpenVino(Api().set_input(object_.get(), index, tensor.get()), Code::kInvalidArgument,
                      "OpenVINO takes no such input");
}

Status InferRequest::SetOutput(size_t index, const TensorMemory& memory) {
  TensorObjectHandle tensor;
  Status status = TensorOver(memory, &tensor);
  if (!status.ok()) return status;
  own_outputs_[index] = nullptr;
  return FromOpenVino(Api().set_output(object_.get(), index, tensor.get()), Code::kInvalidArgument,
                      "OpenVINO takes no such output");
}

Status InferRequest::Infer() {
  return FromOpenVino(Api().infer(object_.get()), Code::kInternal, "OpenVINO cannot run the model");
}

Status InferRequest::Output(size_t index, TensorMemory* out) const {
  const CApi& api = Api();
  TensorObject* object = nullptr;
  Status status = FromOpenVino(api.get_output(object_.get(), index, &object), Code::kInternal,
                               "OpenVINO has no output");
  if (!status.ok()) return status;
  const TensorObjectHandle tensor(object);
  int type = 0;
  CShape shape{};
  // An empty tensor has no memory, and then this is null.
  if (api.tensor_type(object, &type) != 0 || api.tensor_bytes(object, &out->bytes) != 0 ||
      api.tensor_data(object, &out->data) != 0 || api.tensor_shape(object, &shape) != 0) {
    return FromOpenVino(-1, Code::kInternal, "OpenVINO has no value of an output");
  }
  out->dtype = DataTypeOf(type);
  out->dims.assign(shape.dims, shape.dims + shape.rank);
  api.shape_free(&shape);
  return Status();
}

}  // namespace tensorgate::openvino
