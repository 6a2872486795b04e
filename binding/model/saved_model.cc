#include "model/saved_model.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "codec/proto/predict_proto.h"
#include "codec/proto/wire.h"
#include "model/profiled_run.h"
#include "model/run_effects.h"
#include "pool/library_pages.h"
#include "profile/profiler.h"
#include "tf/status.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// After which a session beside an engine does without its weights.
constexpr std::chrono::seconds kSessionIdle{10};

TF_Output FindEndpoint(TF_Graph* graph, const std::string& op, int index) {
  TF_Operation* oper = op.empty() ? nullptr : TF_GraphOperationByName(graph, op.c_str());
  if (oper != nullptr && (index < 0 || index >= TF_OperationNumOutputs(oper))) oper = nullptr;
  return TF_Output{oper, index};
}

// The value a signature gives to an input that a request may leave out; null when it gives none.
Status DefaultFor(const SignatureDef& def, const std::string& alias, TensorHandle* out) {
  for (const auto& [name, proto] : def.defaults) {
    if (name != alias) continue;
    DecodeBudget budget{DecodeLimits()};
    Tensor tensor;
    const Status decoded = DecodeTensorProto(proto, &budget, &tensor);
    if (!decoded.ok()) {
      return Status(Code::kDataLoss, "default of input " + alias + " of signature " + def.name +
                                         " cannot be read: " + decoded.message());
    }
    return ToTfTensor(&tensor, out);
  }
  return Status();
}

// "op" or "op:index". The index is 0 when left out, as in TensorFlow's own reading.
TF_Output Resolve(const std::string& tensor_name, const SavedModel::EndpointOf& endpoint_of) {
  const size_t colon = tensor_name.rfind(':');
  const int index = colon == std::string::npos ? 0 : std::atoi(tensor_name.c_str() + colon + 1);
  return endpoint_of(tensor_name.substr(0, colon), index);
}

Status Bind(SignatureDef def, const SavedModel::EndpointOf& endpoint_of, Signature* out) {
  Signature bound;
  bound.def = std::move(def);
  for (const TensorInfo& info : bound.def.inputs) {
    bound.inputs.push_back(Resolve(info.tensor_name, endpoint_of));
    bound.input_specs.push_back(InputSpec{info.alias, BaseType(info.dtype)});
    Status status = DefaultFor(bound.def, info.alias, &bound.defaults.emplace_back());
    if (!status.ok()) return status;
  }
  for (const TensorInfo& info : bound.def.outputs) {
    bound.outputs.push_back(Resolve(info.tensor_name, endpoint_of));
  }
  *out = std::move(bound);
  return Status();
}

// Serialized tensorflow.RunOptions { timeout_in_ms } (field 2, a varint).
BufferHandle OptionsWithTimeout(uint32_t millis) {
  OutputBuffer options;
  WireWriter writer(&options, 1 + VarintSize(millis));
  writer.ShortTag(2, WireType::kVarint);
  writer.Varint(millis);
  writer.Done();
  return BufferHandle(TF_NewBufferFromString(options.view().data(), options.size()));
}

}  // namespace

Status SavedModel::Load(const LoadOptions& options, std::unique_ptr<SavedModel>* out) {
  StatusHandle status(TF_NewStatus());
  SessionOptionsHandle session_options(TF_NewSessionOptions());
  if (!options.config_proto.empty()) {
    TF_SetConfig(session_options.get(), options.config_proto.data(), options.config_proto.size(),
                 status.get());
    if (TF_GetCode(status.get()) != TF_OK) return FromTf(status.get());
  }
  std::vector<const char*> tags;
  for (const std::string& tag : options.tags) tags.push_back(tag.c_str());

  std::unique_ptr<SavedModel> model(new SavedModel());
  model->graph_.reset(TF_NewGraph());
  // Ops of libraries may come without a shape function: sessions run them, but the graph beside the
  // session would refuse them.
  TF_SetRequireShapeInferenceFns(model->graph_.get(), false);
  BufferHandle meta_graph_def(TF_NewBuffer());
  const auto started = std::chrono::steady_clock::now();
  model->session_.reset(TF_LoadSessionFromSavedModel(
      session_options.get(), /*run_options=*/nullptr, options.path.c_str(), tags.data(),
      static_cast<int>(tags.size()), model->graph_.get(), meta_graph_def.get(), status.get()));
  const bool loaded = TF_GetCode(status.get()) == TF_OK;
  RunStatistics::Process().CountLoad(options.path, loaded,
                                     std::chrono::steady_clock::now() - started);
  if (!loaded) return FromTf(status.get());

  Status read = model->ReadSignatures(
      options, {static_cast<const char*>(meta_graph_def->data), meta_graph_def->length},
      [&](const std::string& op, int index) {
        return FindEndpoint(model->graph_.get(), op, index);
      });
  if (!read.ok()) return read;
  FindRunEffects(model.get());
  *out = std::move(model);
  return Status();
}

Status SavedModel::WithoutSession(const LoadOptions& options, std::string_view meta_graph_def,
                                  GraphHandle graph, const EndpointOf& endpoint_of,
                                  std::unique_ptr<SavedModel>* out) {
  std::unique_ptr<SavedModel> model(new SavedModel());
  model->graph_ = std::move(graph);
  Status read = model->ReadSignatures(options, meta_graph_def, endpoint_of);
  if (!read.ok()) return read;
  for (size_t i = 0; i < model->signatures_.size(); ++i) model->SetChangedBy(i, "");
  *out = std::move(model);
  return Status();
}

Status SavedModel::ReadSignatures(const LoadOptions& options, std::string_view meta_graph_def,
                                  const EndpointOf& endpoint_of) {
  MetaGraph meta_graph;
  Status read = ReadMetaGraph(meta_graph_def, &meta_graph);
  if (!read.ok()) return read;
  signature_def_map_ = std::move(meta_graph.signature_def_map);
  for (SignatureDef& def : meta_graph.signatures) {
    Status bound = Bind(std::move(def), endpoint_of, &signatures_.emplace_back());
    if (!bound.ok()) return bound;
  }
  Adopt(nullptr, options.run_in_caller_thread);
  Introduce(options.name, options.version, options.check_method_names);
  return Status();
}

void SavedModel::Serve() {
  serves_ = true;
  if (engine_ == nullptr) return;
  frozen_->PutWeightsAside();
  ReleaseLibraryPages();  // it comes back when the session has to run
}

TF_Operation* SavedModel::FindOperation(const std::string& name) const {
  // The C API would take what stands before a NUL for the name.
  if (name.find('\0') != std::string::npos) return nullptr;
  return TF_GraphOperationByName(graph_.get(), name.c_str());
}

void SavedModel::Adopt(std::unique_ptr<GraphSession> frozen, bool in_caller_thread,
                       std::unique_ptr<SignatureEngine> engine) {
  run_options_ = in_caller_thread ? OptionsToRunInCallerThread() : nullptr;
  if (frozen == nullptr) return;
  frozen_ = std::move(frozen);
  session_.reset();
  // Endpoints only have identities from here on: nodes of that name without anything behind them.
  // The graph as it was saved may take as much memory as the weights.
  GraphHandle names(TF_NewGraph());
  StatusHandle status(TF_NewStatus());
  std::unordered_map<TF_Operation*, TF_Operation*> renamed;
  for (Signature& signature : signatures_) {
    for (std::vector<TF_Output>* endpoints : {&signature.inputs, &signature.outputs}) {
      for (TF_Output& endpoint : *endpoints) {
        if (endpoint.oper == nullptr) continue;
        TF_Operation*& oper = renamed[endpoint.oper];
        if (oper == nullptr) {
          oper = TF_FinishOperation(
              TF_NewOperation(names.get(), "NoOp", TF_OperationName(endpoint.oper)), status.get());
        }
        endpoint.oper = oper;
      }
    }
  }
  frozen_->Rename(renamed);
  engine_ = std::move(engine);
  if (engine_ != nullptr) engine_->Rename(renamed);
  graph_ = std::move(names);
}

Status SavedModel::Run(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
                       const std::vector<TF_Output>& fetches,
                       std::vector<TensorHandle>* outputs) const {
  outputs->clear();
  if (engine_ != nullptr && engine_->Run(feeds, inputs, fetches, outputs)) {
    frozen_->PutWeightsAsideAfter(kSessionIdle);
    return Status();
  }
  const TF_Buffer* options = run_options_.get();
  if (Profiler::IsOn()) return RunProfiled(options, feeds, inputs, fetches, nullptr, 0, outputs);
  if (engine_ == nullptr) {
    return RunSession(frozen_.get(), options, feeds, inputs, fetches, nullptr, 0, nullptr, outputs);
  }
  const auto started = std::chrono::steady_clock::now();
  Status status =
      RunSession(frozen_.get(), options, feeds, inputs, fetches, nullptr, 0, nullptr, outputs);
  if (status.ok()) engine_->LeftTook(feeds, inputs, std::chrono::steady_clock::now() - started);
  return status;
}

void SavedModel::ProveRows(size_t signature) {
  Servable::ProveRows(signature);
  if (engine_ == nullptr) return;
  engine_->ProveRows(signatures_[signature].inputs, signatures_[signature].outputs);
}

Status SavedModel::RunAs(const Execution& execution, uint32_t timeout_millis,
                         const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
                         const std::vector<TF_Output>& fetches,
                         std::vector<TensorHandle>* outputs) const {
  outputs->clear();
  if (execution.engine != nullptr && execution.engine->Run(feeds, inputs, fetches, outputs)) {
    return Status();
  }
  const BufferHandle options = timeout_millis > 0           ? OptionsWithTimeout(timeout_millis)
                               : execution.in_caller_thread ? OptionsToRunInCallerThread()
                                                            : nullptr;
  return RunSession(execution.frozen, options.get(), feeds, inputs, fetches, nullptr, 0, nullptr,
                    outputs);
}

Status SavedModel::RunTargets(const std::vector<TF_Output>& feeds,
                              const std::vector<TF_Tensor*>& inputs,
                              const std::vector<TF_Output>& fetches,
                              const std::vector<const TF_Operation*>& targets,
                              uint32_t timeout_millis, std::vector<TensorHandle>* outputs) const {
  const BufferHandle timed = timeout_millis > 0 ? OptionsWithTimeout(timeout_millis) : nullptr;
  const TF_Buffer* options = timed != nullptr ? timed.get() : run_options_.get();
  if (Profiler::IsOn()) {
    return RunProfiled(options, feeds, inputs, fetches, targets.data(), targets.size(), outputs);
  }
  return RunSession(frozen_.get(), options, feeds, inputs, fetches, targets.data(), targets.size(),
                    nullptr, outputs);
}

Status SavedModel::RunProfiled(const TF_Buffer* run_options, const std::vector<TF_Output>& feeds,
                               const std::vector<TF_Tensor*>& inputs,
                               const std::vector<TF_Output>& fetches,
                               const TF_Operation* const* targets, size_t target_count,
                               std::vector<TensorHandle>* outputs) const {
  std::shared_ptr<ProfileSession> profile =
      serves_ ? Profiler::Process().SessionFor(name()) : nullptr;
  if (profile == nullptr) {
    return RunSession(frozen_.get(), run_options, feeds, inputs, fetches, targets, target_count,
                      nullptr, outputs);
  }
  ProfiledRun run(std::move(profile), run_options);
  Status status = RunSession(frozen_.get(), run.run_options(), feeds, inputs, fetches, targets,
                             target_count, run.run_metadata(), outputs);
  // Other options let TensorFlow's pool execute the graph.
  const bool in_caller_thread = run_options != nullptr && run_options == run_options_.get();
  run.End(name(), version(), in_caller_thread);
  return status;
}

Status SavedModel::RunSession(const GraphSession* frozen, const TF_Buffer* run_options,
                              const std::vector<TF_Output>& feeds,
                              const std::vector<TF_Tensor*>& inputs,
                              const std::vector<TF_Output>& fetches,
                              const TF_Operation* const* targets, size_t target_count,
                              TF_Buffer* run_metadata, std::vector<TensorHandle>* outputs) const {
  outputs->clear();
  // Kept per thread: a run then takes no memory of ours besides TensorFlow's own.
  thread_local StatusHandle status(TF_NewStatus());
  thread_local std::vector<TF_Tensor*> output_values;
  output_values.assign(fetches.size(), nullptr);
  if (frozen != nullptr) {
    if (target_count > 0) {
      return Status(Code::kFailedPrecondition, "a frozen graph has no targets to execute");
    }
    frozen->Run(run_options, feeds, inputs, fetches, &output_values, run_metadata, status.get());
  } else {
    TF_SessionRun(session_.get(), run_options, feeds.data(), inputs.data(),
                  static_cast<int>(feeds.size()), fetches.data(), output_values.data(),
                  static_cast<int>(fetches.size()), targets, static_cast<int>(target_count),
                  run_metadata, status.get());
  }
  for (TF_Tensor* value : output_values) outputs->emplace_back(value);
  if (TF_GetCode(status.get()) == TF_OK) return Status();
  outputs->clear();
  return FromTf(status.get());
}

}  // namespace tensorgate
