#include "napi/tensor_binding.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/servable.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/tensor_memory.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

class RunJob : public AsyncJob {
 public:
  RunJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue,
         std::shared_ptr<const Servable> model)
      : AsyncJob(slot, std::move(queue)), model_(std::move(model)) {}

  // THREAD: JavaScript's.
  Status AddInput(const Signature& signature, const std::string& alias, TensorHandle tensor) {
    for (size_t i = 0; i < signature.inputs.size(); ++i) {
      if (signature.def.inputs[i].alias != alias || signature.inputs[i].oper == nullptr) continue;
      feeds_.push_back(signature.inputs[i]);
      feed_values_.push_back(tensor.get());
      inputs_.push_back(std::move(tensor));
      return Status();
    }
    return InvalidArgument("signature " + signature.def.name + " has no input " + alias);
  }

  Status AddOutputs(const Signature& signature) {
    for (size_t i = 0; i < signature.outputs.size(); ++i) {
      if (signature.outputs[i].oper == nullptr) continue;
      fetches_.push_back(signature.outputs[i]);
      aliases_.push_back(signature.def.outputs[i].alias);
    }
    if (!fetches_.empty()) return Status();
    return InvalidArgument("signature " + signature.def.name + " has no outputs");
  }

  // {alias: {dtype, shape, data}}
  napi_value TakeValue(napi_env env) override {
    Napi::Object value = Napi::Object::New(env);
    for (size_t i = 0; i < outputs_.size(); ++i) {
      value.Set(aliases_[i], TensorValue(env, *outputs_[i]));
    }
    return value;
  }

 protected:
  Status Execute() override { return model_->Run(feeds_, feed_values_, fetches_, &outputs_); }

  void DropWork() override {
    inputs_.clear();
    model_.reset();
  }

 private:
  std::shared_ptr<const Servable> model_;
  std::vector<TF_Output> feeds_;
  std::vector<TF_Tensor*> feed_values_;  // as feeds_; belong to inputs_
  std::vector<TensorHandle> inputs_;
  std::vector<TF_Output> fetches_;
  std::vector<std::string> aliases_;
  std::vector<TensorHandle> outputs_;
};

// Dimensions of a tensor, with their product. False with a pending TypeError.
bool ReadShape(const Napi::Object& given, Tensor* tensor) {
  const Napi::Value shape = given.Get("shape");
  if (!shape.IsArray()) return ThrowTypeError(given.Env(), "shape must be an array of integers");
  const Napi::Array dims = shape.As<Napi::Array>();
  tensor->elements = 1;
  for (uint32_t i = 0; i < dims.Length(); ++i) {
    const Napi::Value dim = dims.Get(i);
    const int64_t size = dim.IsNumber() ? dim.As<Napi::Number>().Int64Value() : -1;
    if (size < 0 || __builtin_mul_overflow(tensor->elements, size, &tensor->elements)) {
      return ThrowTypeError(given.Env(), "shape must be an array of integers >= 0");
    }
    tensor->dims.push_back(size);
  }
  return true;
}

bool ReadStringData(const Napi::Value& data, Tensor* tensor) {
  if (!data.IsArray()) return ThrowTypeError(data.Env(), "string data must be an array");
  const Napi::Array items = data.As<Napi::Array>();
  if (items.Length() != static_cast<uint64_t>(tensor->elements)) {
    return ThrowTypeError(data.Env(), "string data must have as many elements as the shape");
  }
  for (uint32_t i = 0; i < items.Length(); ++i) {
    const Napi::Value item = items.Get(i);
    std::string_view bytes;
    if (item.IsString()) {
      bytes = tensor->owned_strings.emplace_back(item.As<Napi::String>().Utf8Value());
    } else if (!BytesOf(data.Env(), item, &bytes)) {
      return ThrowTypeError(data.Env(), "string elements must be strings or Uint8Arrays");
    }
    tensor->strings.push_back(bytes);
  }
  return true;
}

// run(slot, id, signature name, {alias: {dtype, shape, data}}): ArrayBuffers from allocateTensor()
// are detached and go to TensorFlow as they are; others are copied.
void Run(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t slot, id;
  if (!ReadSlot(info, &slot) || !ReadUint32(info, 1, "id", &id)) return;
  std::shared_ptr<const Servable> model = Process::Get().registry.Find(id);
  if (model == nullptr || !info[2].IsString() || !info[3].IsObject()) {
    ThrowTypeError(env, "run takes a slot, the id of a model, a signature name and inputs");
    return;
  }
  const std::string name = info[2].As<Napi::String>().Utf8Value();
  const Signature* signature = model->FindSignature(name);
  Environment& environment = Environment::From(env);
  auto job = std::make_unique<RunJob>(slot, environment.completions(), std::move(model));
  if (signature == nullptr) {
    return environment.Fail(
        std::move(job),
        Status(Code::kFailedPrecondition, "Serving signature key \"" + name + "\" not found."));
  }
  const Napi::Object inputs = info[3].As<Napi::Object>();
  const Napi::Array aliases = inputs.GetPropertyNames();
  Status status = job->AddOutputs(*signature);
  for (uint32_t i = 0; i < aliases.Length() && status.ok(); ++i) {
    const std::string alias = Napi::Value(aliases.Get(i)).As<Napi::String>().Utf8Value();
    const Napi::Value given = inputs.Get(alias);
    TensorHandle tensor;
    if (!given.IsObject()) {
      ThrowTypeError(env, "input " + alias + " must be {dtype, shape, data}");
      return;
    }
    if (!ReadTensor(given.As<Napi::Object>(), &tensor)) return;
    status = job->AddInput(*signature, alias, std::move(tensor));
  }
  if (!status.ok()) return environment.Fail(std::move(job), std::move(status));
  environment.Submit(&Process::Get().runs, std::move(job));
}

// allocateTensor(bytes): ArrayBuffer
Napi::Value Allocate(const Napi::CallbackInfo& info) {
  double bytes = -1;
  if (napi_get_value_double(info.Env(), info[0], &bytes) != napi_ok || !(bytes >= 0) ||
      bytes > 9007199254740991.0) {
    ThrowTypeError(info.Env(), "bytes must be an integer >= 0");
    return info.Env().Undefined();
  }
  const napi_value value = AllocateTensorMemory(info.Env(), static_cast<size_t>(bytes));
  return value == nullptr ? info.Env().Undefined() : Napi::Value(info.Env(), value);
}

// addressOf(buffer): bigint; shows that memory was not copied.
Napi::Value AddressOf(const Napi::CallbackInfo& info) {
  std::string_view bytes;
  if (!ReadBytes(info, 0, "buffer", &bytes)) return info.Env().Undefined();
  return Napi::BigInt::New(info.Env(),
                           static_cast<uint64_t>(reinterpret_cast<uintptr_t>(bytes.data())));
}

}  // namespace

bool ReadTensor(const Napi::Object& given, TensorHandle* out) {
  const Napi::Env env = given.Env();
  Tensor tensor;
  int32_t dtype = 0;
  if (napi_get_value_int32(env, given.Get("dtype"), &dtype) != napi_ok ||
      !IsServable(static_cast<DataType>(dtype))) {
    return ThrowTypeError(env, "dtype must be the number of a type that can be served");
  }
  tensor.dtype = static_cast<DataType>(dtype);
  if (!ReadShape(given, &tensor)) return false;
  const Napi::Value data = given.Get("data");
  Status status;
  if (tensor.dtype == DataType::kString) {
    if (!ReadStringData(data, &tensor)) return false;
    status = ToTfTensor(&tensor, out);
  } else {
    std::string_view bytes;
    size_t wanted;
    if (!BytesOf(env, data, &bytes) ||
        __builtin_mul_overflow(static_cast<size_t>(tensor.elements), ElementSize(tensor.dtype),
                               &wanted) ||
        bytes.size() != wanted) {
      return ThrowTypeError(env,
                            "data must be an ArrayBuffer with exactly the elements of the shape");
    }
    std::shared_ptr<AlignedBuffer> memory = TakeTensorMemory(env, data);
    if (memory != nullptr) {
      status = ShareWithTf(tensor.dtype, tensor.dims, std::move(memory), out);
    } else if (tensor.data.Resize(bytes.size())) {
      if (!bytes.empty()) std::memcpy(tensor.data.data(), bytes.data(), bytes.size());
      status = ToTfTensor(&tensor, out);
    } else {
      status = Status(Code::kResourceExhausted, "out of memory");
    }
  }
  return status.ok() || ThrowTypeError(env, status.message());
}

Napi::Object TensorValue(Napi::Env env, const TF_Tensor& tensor) {
  std::vector<int64_t> dims;
  const TensorView view = ViewOf(&tensor, &dims);
  Napi::Object value = Napi::Object::New(env);
  value.Set("dtype", Napi::Number::New(env, static_cast<int>(view.dtype)));
  Napi::Array shape = Napi::Array::New(env, dims.size());
  for (uint32_t d = 0; d < dims.size(); ++d) {
    shape.Set(d, Napi::Number::New(env, static_cast<double>(dims[d])));
  }
  value.Set("shape", shape);
  if (view.dtype != DataType::kString) {
    TensorHandle shared = ShareOf(tensor);
    const napi_value data = shared == nullptr ? nullptr : LendTensor(env, std::move(shared));
    value.Set("data", data == nullptr ? env.Null() : Napi::Value(env, data));
    return value;
  }
  Napi::Array strings = Napi::Array::New(env, static_cast<size_t>(view.elements));
  for (int64_t s = 0; s < view.elements; ++s) {
    const std::string_view bytes = view.string_at(view.data, s);
    strings.Set(static_cast<uint32_t>(s),
                Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size()));
  }
  value.Set("data", strings);
  return value;
}

void ExportTensor(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run, "run"));
  exports.Set("allocateTensor", Napi::Function::New(env, Allocate, "allocateTensor"));
  exports.Set("addressOf", Napi::Function::New(env, AddressOf, "addressOf"));
}

}  // namespace tensorgate
