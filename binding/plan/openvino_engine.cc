#include "plan/openvino_engine.h"

#include <algorithm>
#include <map>
#include <utility>

#include "model/quiet_runs.h"
#include "model/run_statistics.h"
#include "pool/allocator.h"
#include "pool/library_pages.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// Says what a signature feeds and fetches in the frozen graph. False: not all of it.
bool TensorsOf(const Signature& signature, const FrozenGraph& frozen,
               std::vector<EngineInput>* inputs, std::vector<std::string>* fetches) {
  const auto name_of = [&](const TF_Output& endpoint) -> std::string {
    for (const SignatureTensors& tensors : frozen.signatures) {
      for (const auto* list : {&tensors.feeds, &tensors.fetches}) {
        for (const NamedOutput& each : *list) {
          if (endpoint.oper != nullptr && Same(each.output, endpoint)) return each.name;
        }
      }
    }
    return "";
  };
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const TensorInfo& info = signature.def.inputs[i];
    EngineInput& input = inputs->emplace_back();
    input.name = name_of(signature.inputs[i]);
    input.dtype = info.dtype;
    input.unknown_rank = info.unknown_rank;
    input.dims = info.dims;
    if (input.name.empty()) return false;
  }
  for (size_t i = 0; i < signature.outputs.size(); ++i) {
    fetches->push_back(name_of(signature.outputs[i]));
    if (fetches->back().empty() || signature.def.outputs[i].dtype != kEngineOutputType)
      return false;
  }
  return !fetches->empty() && !inputs->empty();
}

void Explain(const Signature& signature, const std::string& why, std::string* refusals) {
  if (!refusals->empty()) *refusals += "; ";
  *refusals += signature.def.name + ": " + why;
}

// Compiles what requests have asked for often enough.
class CompileJob final : public Job {
 public:
  CompileJob(std::shared_ptr<OpenVinoGraph> graph, OpenVinoGraph::Shape shape)
      : graph_(std::move(graph)), shape_(std::move(shape)) {}
  void Run(std::unique_ptr<Job>) override {
    graph_->Compile(shape_);
    ReleaseFreed();  // the model that it read
    ReleaseLibraryPages();
  }

 private:
  const std::shared_ptr<OpenVinoGraph> graph_;
  const OpenVinoGraph::Shape shape_;
};

}  // namespace

Status OpenVinoEngine::Make(const SavedModel& model, const FrozenGraph& frozen,
                            const OpenVinoOptions& options, bool in_caller_thread,
                            std::unique_ptr<OpenVinoEngine>* engine, std::string* refusals) {
  const openvino::Core* core = nullptr;
  Status status = openvino::Core::Get(options.library, &core);
  GraphDef graph;
  if (status.ok()) status = ReadGraphDef(frozen.graph_def, &graph);
  if (!status.ok()) return status;
  std::vector<std::vector<int64_t>> dims(frozen.values.size());
  const ResidentValue resident = [&](size_t number, TensorView* value) {
    if (number >= frozen.values.size() || frozen.values[number] == nullptr) return false;
    *value = ViewOf(frozen.values[number].get(), &dims[number]);
    return true;
  };
  std::unique_ptr<OpenVinoEngine> made(new OpenVinoEngine());
  made->loads_ = options.loads;
  openvino::CompileOptions compile;
  compile.streams = in_caller_thread ? options.threads : 1;
  compile.threads = in_caller_thread ? options.threads : options.cpus;
  compile.precision = options.precision;
  compile.cache_dir = options.cache_dir;
  std::map<std::vector<std::string>, std::shared_ptr<OpenVinoGraph>>
      graphs;  // by all of their tensors
  for (const Signature* signature : model.SignaturesInOrder()) {
    std::vector<EngineInput> inputs;
    std::vector<std::string> tensors;
    if (!signature->has_outputs()) continue;  // nobody can ask for it
    if (!TensorsOf(*signature, frozen, &inputs, &tensors)) {
      Explain(*signature, "it has outputs that are no floats", refusals);
      continue;
    }
    const std::vector<std::string> fetches = tensors;
    for (const EngineInput& input : inputs) tensors.push_back(input.name);
    std::shared_ptr<OpenVinoGraph>& made_graph = graphs[tensors];
    if (made_graph == nullptr) {
      EngineGraph part;
      status = MakeEngineGraph(graph, resident, std::move(inputs), fetches, &part);
      if (status.ok())
        status =
            OpenVinoGraph::Make(*core, compile, options.is_wanted, std::move(part), &made_graph);
      if (!status.ok()) {
        Explain(*signature, status.message(), refusals);
        continue;
      }
    }
    made->signatures_.push_back({signature->inputs, signature->outputs, made_graph});
  }
  if (made->signatures_.empty()) return Status(Code::kFailedPrecondition, *refusals);
  *engine = std::move(made);
  return Status();
}

bool OpenVinoEngine::Find(const std::vector<TF_Output>& feeds,
                          const std::vector<TF_Tensor*>& inputs, const EngineSignature** found,
                          std::vector<const TF_Tensor*>* sorted) const {
  for (const EngineSignature& signature : signatures_) {
    if (feeds.size() != signature.feeds.size()) continue;
    sorted->clear();
    for (const TF_Output& feed : signature.feeds) {
      for (size_t i = 0; i < feeds.size(); ++i) {
        if (!Same(feeds[i], feed)) continue;
        sorted->push_back(inputs[i]);
        break;
      }
    }
    *found = &signature;
    if (sorted->size() == feeds.size()) return true;
  }
  return false;
}

bool OpenVinoEngine::Run(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
                         const std::vector<TF_Output>& fetches,
                         std::vector<TensorHandle>* outputs) const {
  const EngineSignature* signature = nullptr;
  std::vector<const TF_Tensor*> sorted;
  if (!Find(feeds, inputs, &signature, &sorted)) return false;
  OpenVinoGraph::Shape wanted;
  std::vector<TensorHandle> results;
  // What the server tries by itself comes in sizes that requests may never have.
  const bool is_request = loads_ != nullptr && !QuietRuns::HasOne();
  const bool has_run =
      signature->graph->Run(sorted, signature->has_rows, &results, is_request ? &wanted : nullptr);
  if (!wanted.empty()) {
    std::unique_ptr<Job> job = std::make_unique<CompileJob>(signature->graph, wanted);
    if (loads_->Post(&job)) {
      loads_->Wake();
    } else {
      signature->graph->GiveUp();
    }
  }
  RunStatistics::Process().CountEngineRun(has_run);
  if (!has_run) return false;
  for (const TF_Output& fetch : fetches) {
    size_t i = 0;
    while (i < results.size() && !(Same(signature->fetches[i], fetch) && results[i] != nullptr)) {
      ++i;
    }
    if (i == results.size()) {
      outputs->clear();
      return false;
    }
    outputs->push_back(std::move(results[i]));
  }
  return true;
}

void OpenVinoEngine::LeftTook(const std::vector<TF_Output>& feeds,
                              const std::vector<TF_Tensor*>& inputs,
                              std::chrono::nanoseconds time) const {
  const EngineSignature* signature = nullptr;
  std::vector<const TF_Tensor*> sorted;
  if (!Find(feeds, inputs, &signature, &sorted) || !signature->has_rows || QuietRuns::HasOne()) {
    return;
  }
  signature->graph->RanElsewhere(sorted, time);
}

void OpenVinoEngine::ProveRows(const std::vector<TF_Output>& feeds,
                               const std::vector<TF_Output>& fetches) {
  const auto same = [](const std::vector<TF_Output>& a, const std::vector<TF_Output>& b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), Same);
  };
  for (EngineSignature& signature : signatures_) {
    signature.has_rows |= same(signature.feeds, feeds) && same(signature.fetches, fetches);
  }
}

void OpenVinoEngine::Rename(const std::unordered_map<TF_Operation*, TF_Operation*>& operations) {
  for (EngineSignature& signature : signatures_) {
    for (std::vector<TF_Output>* tensors : {&signature.feeds, &signature.fetches}) {
      for (TF_Output& tensor : *tensors) tensor.oper = operations.at(tensor.oper);
    }
  }
}

bool OpenVinoEngine::CompileFor(const std::vector<TF_Output>& feeds,
                                const std::vector<TF_Tensor*>& inputs) const {
  const EngineSignature* signature = nullptr;
  std::vector<const TF_Tensor*> sorted;
  return Find(feeds, inputs, &signature, &sorted) && signature->graph->CompileFor(sorted);
}

}  // namespace tensorgate
