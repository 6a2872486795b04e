#include "tf/tensor.h"

#include <atomic>
#include <string>

#include "tensorflow/c/tf_tensor.h"
#include "tensorflow/c/tf_tstring.h"

namespace tensorgate {
namespace {

std::atomic<int64_t> live_input_tensors{0};

// TensorFlow may call these on any thread.
void FreeNumbers(void* data, size_t, void*) {
  AlignedBuffer::Free(data);
  live_input_tensors.fetch_sub(1, std::memory_order_relaxed);
}

void FreeStrings(void* data, size_t bytes, void*) {
  TF_TString* strings = static_cast<TF_TString*>(data);
  for (size_t i = 0; i < bytes / sizeof(TF_TString); ++i) TF_StringDealloc(&strings[i]);
  AlignedBuffer::Free(data);
  live_input_tensors.fetch_sub(1, std::memory_order_relaxed);
}

void DropShared(void*, size_t, void* owner) {
  delete static_cast<std::shared_ptr<AlignedBuffer>*>(owner);
  live_input_tensors.fetch_sub(1, std::memory_order_relaxed);
}

Status Adopt(DataType dtype, const std::vector<int64_t>& dims, void* data, size_t bytes,
             void (*deallocate)(void*, size_t, void*), void* argument, TensorHandle* out) {
  live_input_tensors.fetch_add(1, std::memory_order_relaxed);
  // On refusal TensorFlow has called the deallocator already.
  out->reset(TF_NewTensor(static_cast<TF_DataType>(dtype), dims.data(),
                          static_cast<int>(dims.size()), data, bytes, deallocate, argument));
  if (*out != nullptr) return Status();
  return Status(Code::kInternal, "TensorFlow refused a tensor of type " + DataTypeName(dtype));
}

std::string_view StringAt(const void* data, int64_t index) {
  const TF_TString* string = static_cast<const TF_TString*>(data) + index;
  return {TF_StringGetDataPointer(string), TF_StringGetSize(string)};
}

Status OutOfMemory(size_t bytes) {
  return Status(Code::kResourceExhausted,
                "out of memory for an input tensor of " + std::to_string(bytes) + " bytes");
}

}  // namespace

Status ToTfTensor(Tensor* tensor, TensorHandle* out) {
  AlignedBuffer memory = std::move(tensor->data);
  if (tensor->dtype != DataType::kString) {
    const size_t bytes = static_cast<size_t>(tensor->elements) * ElementSize(tensor->dtype);
    // TensorFlow wants a real pointer even for a tensor without elements.
    if (!memory.Reserve(bytes > 0 ? bytes : 1)) return OutOfMemory(bytes);
    return Adopt(tensor->dtype, tensor->dims, memory.Release(), bytes, &FreeNumbers, nullptr, out);
  }
  const size_t count = static_cast<size_t>(tensor->elements);
  const size_t bytes = count * sizeof(TF_TString);
  if (!memory.Reserve(bytes > 0 ? bytes : 1)) return OutOfMemory(bytes);
  TF_TString* strings = reinterpret_cast<TF_TString*>(memory.Release());
  for (size_t i = 0; i < count; ++i) {
    TF_StringInit(&strings[i]);
    TF_StringCopy(&strings[i], tensor->strings[i].data(), tensor->strings[i].size());
  }
  return Adopt(DataType::kString, tensor->dims, strings, bytes, &FreeStrings, nullptr, out);
}

Status ToTfTensors(std::vector<Tensor>* tensors, const std::vector<size_t>& wanted,
                   std::vector<TensorHandle>* out) {
  std::vector<const TF_Tensor*> made(tensors->size());
  Status status;
  for (size_t i = 0; i < wanted.size() && status.ok(); ++i) {
    TensorHandle& handle = out->emplace_back();
    const TF_Tensor*& first = made[wanted[i]];
    if (first == nullptr) {
      status = ToTfTensor(&(*tensors)[wanted[i]], &handle);
      first = handle.get();
    } else {
      handle = ShareOf(*first);
      if (handle == nullptr) status = OutOfMemory(0);
    }
  }
  if (!status.ok()) out->clear();
  return status;
}

Status ShareWithTf(DataType dtype, const std::vector<int64_t>& dims,
                   std::shared_ptr<AlignedBuffer> memory, TensorHandle* out) {
  void* data = memory->data();
  const size_t bytes = memory->size();
  return Adopt(dtype, dims, data, bytes, &DropShared,
               new std::shared_ptr<AlignedBuffer>(std::move(memory)), out);
}

TensorHandle ShareOf(const TF_Tensor& tensor) {
  std::vector<int64_t> dims(static_cast<size_t>(TF_NumDims(&tensor)));
  for (size_t i = 0; i < dims.size(); ++i) dims[i] = TF_Dim(&tensor, static_cast<int>(i));
  // Its own memory goes when the other's takes its place.
  const int64_t none = 0;
  TensorHandle shared(TF_AllocateTensor(TF_TensorType(&tensor), &none, 1, 0));
  StatusHandle status(TF_NewStatus());
  if (shared == nullptr) return nullptr;
  TF_TensorBitcastFrom(&tensor, TF_TensorType(&tensor), shared.get(), dims.data(),
                       static_cast<int>(dims.size()), status.get());
  return TF_GetCode(status.get()) == TF_OK ? std::move(shared) : nullptr;
}

TensorView ViewOf(const TF_Tensor* tensor, std::vector<int64_t>* dims) {
  TensorView view;
  view.dtype = static_cast<DataType>(TF_TensorType(tensor));
  view.rank = TF_NumDims(tensor);
  dims->resize(static_cast<size_t>(view.rank));
  for (int i = 0; i < view.rank; ++i) (*dims)[static_cast<size_t>(i)] = TF_Dim(tensor, i);
  view.dims = dims->data();
  view.elements = TF_TensorElementCount(tensor);
  view.data = TF_TensorData(tensor);
  if (view.dtype == DataType::kString) view.string_at = &StringAt;
  return view;
}

int64_t LiveInputTensors() { return live_input_tensors.load(std::memory_order_relaxed); }

}  // namespace tensorgate
