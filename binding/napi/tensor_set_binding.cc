#include "napi/tensor_set_binding.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "call/tensor_call.h"
#include "model/declared_servable.h"
#include "napi/arguments.h"
#include "napi/batch_binding.h"
#include "napi/environment.h"
#include "napi/inference_binding.h"
#include "napi/reply.h"
#include "napi/tensor_binding.h"
#include "napi/tensor_sets.h"
#include "napi/violation_list.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// Null with a pending TypeError.
std::shared_ptr<const TensorSet> ReadSet(const Napi::CallbackInfo& info, size_t index) {
  uint64_t number;
  if (!ReadId(info, index, &number)) return nullptr;
  std::shared_ptr<const TensorSet> set = TensorSets::Get().Find(number);
  if (set == nullptr) ThrowTypeError(info.Env(), "no set of tensors has that number");
  return set;
}

// [set, name, as, set, name, as, …]
bool ReadPicks(Napi::Env env, const Napi::Value& value, TensorSet* picked) {
  if (!value.IsArray()) return ThrowTypeError(env, "picks must be an array");
  const auto picks = value.As<Napi::Array>();
  for (uint32_t i = 0; i + 2 < picks.Length(); i += 3) {
    int64_t number = 0;
    const Napi::Value name = picks.Get(i + 1);
    const Napi::Value as = picks.Get(i + 2);
    if (napi_get_value_int64(env, picks.Get(i), &number) != napi_ok || !name.IsString() ||
        !as.IsString()) {
      return ThrowTypeError(env, "a pick is a number and two names");
    }
    const auto set = TensorSets::Get().Find(static_cast<uint64_t>(number));
    SharedTensor tensor = set == nullptr ? nullptr : set->Find(name.As<Napi::String>().Utf8Value());
    if (tensor == nullptr) {
      return ThrowTypeError(env, "no tensor is held as " + name.As<Napi::String>().Utf8Value());
    }
    picked->Add(as.As<Napi::String>().Utf8Value(), std::move(tensor));
  }
  return true;
}

bool ReadNames(Napi::Env env, const Napi::Value& value, std::vector<std::string>* names) {
  if (!value.IsArray()) return ThrowTypeError(env, "outputs must be an array");
  const auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    names->push_back(array.Get(i).ToString().Utf8Value());
  }
  return true;
}

// (…, signature, picks, outputs) from `index` on.
bool ReadRequest(const Napi::CallbackInfo& info, size_t index, TensorRequest* request) {
  return ReadText(info, index, &request->signature) &&
         ReadPicks(info.Env(), info[index + 1], &request->inputs) &&
         ReadNames(info.Env(), info[index + 2], &request->outputs);
}

// holdTensors([{name, dtype, shape, data}, …]): the number of the set
Napi::Value HoldTensors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsArray()) {
    ThrowTypeError(env, "tensors must be an array");
    return env.Undefined();
  }
  const auto given = info[0].As<Napi::Array>();
  auto set = std::make_shared<TensorSet>();
  for (uint32_t i = 0; i < given.Length(); ++i) {
    const Napi::Value each = given.Get(i);
    std::string name;
    TensorHandle tensor;
    if (!each.IsObject() || !ReadString(each.As<Napi::Object>(), "name", &name) ||
        !ReadTensor(each.As<Napi::Object>(), &tensor)) {
      if (!env.IsExceptionPending()) ThrowTypeError(env, "a tensor must be an object");
      return env.Undefined();
    }
    set->Add(std::move(name), std::move(tensor));
  }
  return Napi::Value(env, TensorSetValue(env, std::move(set)));
}

// readTensors(set): [{name, dtype, shape, data}, …]; data as of `run`, and not to be written to
Napi::Value ReadTensors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::shared_ptr<const TensorSet> set = ReadSet(info, 0);
  if (set == nullptr) return env.Undefined();
  Napi::Array tensors = Napi::Array::New(env);
  for (const auto& [name, tensor] : set->entries()) {
    Napi::Object value = TensorValue(env, *tensor);
    value.Set("name", Napi::String::New(env, name));
    tensors.Set(tensors.Length(), value);
  }
  return tensors;
}

// pickTensors(picks): a set of tensors of others
Napi::Value PickTensors(const Napi::CallbackInfo& info) {
  auto set = std::make_shared<TensorSet>();
  if (!ReadPicks(info.Env(), info[0], set.get())) return info.Env().Undefined();
  return Napi::Value(info.Env(), TensorSetValue(info.Env(), std::move(set)));
}

// adoptTensors(set): from here on it is this environment's; false where it is gone
Napi::Value AdoptTensors(const Napi::CallbackInfo& info) {
  uint64_t number;
  if (!ReadId(info, 0, &number)) return info.Env().Undefined();
  const Environment& environment = Environment::From(info.Env());
  return Napi::Boolean::New(info.Env(), TensorSets::Get().Adopt(number, &environment));
}

// dropTensors(set)
void DropTensors(const Napi::CallbackInfo& info) {
  uint64_t number;
  if (ReadId(info, 0, &number)) TensorSets::Get().Drop(number);
}

// inferTensors(slot, id, timeoutMillis, isTraced, signature, picks, outputs)
void InferTensors(const Napi::CallbackInfo& info) {
  uint32_t slot, id, timeout;
  bool is_traced;
  TensorRequest request;
  if (!ReadSlot(info, &slot) || !ReadUint32(info, 1, "id", &id) ||
      !ReadUint32(info, 2, "timeoutMillis", &timeout) ||
      !ReadBool(info, 3, "isTraced", &is_traced) || !ReadRequest(info, 4, &request)) {
    return;
  }
  std::shared_ptr<const Servable> model = FindModel(info.Env(), id);
  if (model == nullptr) return;
  SubmitTensorCall(info.Env(), slot, NewTensorCall(std::move(model), std::move(request)), timeout,
                   is_traced);
}

// prepareTensors(slot, id, isTraced, signature, picks, outputs): as prepareProto
Napi::Value PrepareTensors(const Napi::CallbackInfo& info) {
  uint32_t slot, id;
  bool is_traced;
  TensorRequest request;
  if (!ReadSlot(info, &slot) || !ReadUint32(info, 1, "id", &id) ||
      !ReadBool(info, 2, "isTraced", &is_traced) || !ReadRequest(info, 3, &request)) {
    return info.Env().Undefined();
  }
  std::shared_ptr<const Servable> model = FindModel(info.Env(), id);
  if (model == nullptr) return info.Env().Undefined();
  return Napi::Boolean::New(
      info.Env(),
      PrepareTensorCall(info.Env(), slot, id, NewTensorCall(std::move(model), std::move(request)),
                        is_traced));
}

// taskTensors(task): {set, signature, outputs}, or [code, message, violations or null]
Napi::Value TaskTensors(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint64_t number;
  if (!ReadId(info, 0, &number)) return env.Undefined();
  const std::shared_ptr<BatchTask> task = Environment::From(env).tasks()->Find(number);
  if (task == nullptr) {
    ThrowTypeError(env, "no task of that number is pending");
    return env.Undefined();
  }
  auto set = std::make_shared<TensorSet>();
  const Status status = task->call().TakeInputs(set.get());
  if (!status.ok()) return ErrorTuple(env, status);
  Napi::Array outputs = Napi::Array::New(env);
  for (std::string_view name : task->call().fetch_names()) {
    outputs.Set(outputs.Length(), Napi::String::New(env, name.data(), name.size()));
  }
  const Signature* const signature = task->call().signature();
  Napi::Object value = Napi::Object::New(env);
  value.Set("set", Napi::Value(env, TensorSetValue(env, std::move(set))));
  value.Set("signature", Napi::String::New(env, signature == nullptr ? "" : signature->def.name));
  value.Set("outputs", outputs);
  return value;
}

// Answers a pending task with outputs that were made elsewhere.
class FinishJob : public AsyncJob {
 public:
  FinishJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue, std::shared_ptr<BatchTask> task,
            bool reply_is_text, std::shared_ptr<const TensorSet> outputs,
            std::chrono::nanoseconds latency)
      : AsyncJob(slot, std::move(queue)),
        task_(std::move(task)),
        reply_is_text_(reply_is_text),
        outputs_(std::move(outputs)),
        latency_(latency) {}

  napi_value TakeValue(napi_env env) override { return ReplyValue(env, &out_, reply_is_text_); }

 protected:
  Status Execute() override {
    InferenceCall& call = task_->call();
    const std::vector<std::string_view>& names = call.fetch_names();
    std::vector<std::vector<int64_t>> dims(names.size());
    std::vector<TensorView> views(names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      const SharedTensor output = outputs_->Find(names[i]);
      if (output == nullptr) {
        return Status(Code::kInternal, "output " + Quoted(names[i]) + " was not put out");
      }
      views[i] = ViewOf(output.get(), &dims[i]);
    }
    task_->track().Mark();
    Status status = call.Finish(views, latency_, &out_);
    task_->track().PassAnswer(latency_, RequestTrack::Clock::now());
    return status;
  }

  void DropWork() override {
    task_->track().End(task_->call(), status().code());
    set_spans(task_->track().TakeSpans());
    task_.reset();
    outputs_.reset();
  }

 private:
  std::shared_ptr<BatchTask> task_;
  const bool reply_is_text_;
  std::shared_ptr<const TensorSet> outputs_;
  const std::chrono::nanoseconds latency_;
  OutputBuffer out_;
};

// finishTask(slot, task, set, latencyNanos): the task's own slot
void FinishTask(const Napi::CallbackInfo& info) {
  uint32_t slot;
  uint64_t number, latency;
  if (!ReadSlot(info, &slot) || !ReadId(info, 1, &number) || !ReadId(info, 3, &latency)) return;
  std::shared_ptr<const TensorSet> outputs = ReadSet(info, 2);
  if (outputs == nullptr) return;
  Environment& environment = Environment::From(info.Env());
  bool is_text = false;
  std::shared_ptr<BatchTask> task = environment.tasks()->TakeWhole(number, &is_text);
  if (task == nullptr) {
    ThrowTypeError(info.Env(), "no task of that number is pending");
    return;
  }
  environment.Submit(
      &Process::Get().runs,
      std::make_unique<FinishJob>(slot, environment.completions(), std::move(task), is_text,
                                  std::move(outputs), std::chrono::nanoseconds(latency)));
}

// declareServable(name, version, signatureDefMap): {id, signatures}, or [code, message, violations]
Napi::Value DeclareServable(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string name;
  int64_t version = 0;
  std::string_view map;
  if (!ReadText(info, 0, &name) || !ReadVersion(info[1], &version) ||
      !ReadBytes(info, 2, "signatureDefMap", &map)) {
    return env.Undefined();
  }
  std::unique_ptr<DeclaredServable> servable;
  const Status status = DeclaredServable::Declare(std::move(name), version, map, &servable);
  if (!status.ok()) return ErrorTuple(env, status);
  Napi::Object value = Napi::Object::New(env);
  value.Set("signatures", SignatureNames(env, *servable));
  value.Set("id", Napi::Number::New(env, Process::Get().registry.Add(std::move(servable))));
  return value;
}

}  // namespace

void ExportTensorSets(Napi::Env env, Napi::Object exports) {
  exports.Set("holdTensors", Napi::Function::New(env, HoldTensors, "holdTensors"));
  exports.Set("readTensors", Napi::Function::New(env, ReadTensors, "readTensors"));
  exports.Set("pickTensors", Napi::Function::New(env, PickTensors, "pickTensors"));
  exports.Set("adoptTensors", Napi::Function::New(env, AdoptTensors, "adoptTensors"));
  exports.Set("dropTensors", Napi::Function::New(env, DropTensors, "dropTensors"));
  exports.Set("inferTensors", Napi::Function::New(env, InferTensors, "inferTensors"));
  exports.Set("prepareTensors", Napi::Function::New(env, PrepareTensors, "prepareTensors"));
  exports.Set("taskTensors", Napi::Function::New(env, TaskTensors, "taskTensors"));
  exports.Set("finishTask", Napi::Function::New(env, FinishTask, "finishTask"));
  exports.Set("declareServable", Napi::Function::New(env, DeclareServable, "declareServable"));
}

}  // namespace tensorgate
