#include "plan/shared_weights_session.h"

#include <map>
#include <set>
#include <utility>

#include "codec/proto/message_fields.h"
#include "graph/attr_value.h"
#include "graph/fused_convolutions.h"
#include "graph/shared_weights_graph.h"
#include "graph/weight_expressions.h"
#include "model/quiet_runs.h"
#include "plan/optimizers.h"
#include "tf/output_order.h"
#include "tf/status.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// RunOptions { output_partition_graphs: true, inter_op_thread_pool: -1 }, in the thread that calls.
constexpr unsigned char kTellGraph[] = {0x28, 0x01, 0x18, 0xff, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0x01};

// RunMetadata: partition_graphs 3.
constexpr uint32_t kPartitionGraphs = 3;

// What is fed cuts off what it is computed from: where a signature feeds what others compute, a run
// of all of them is another graph.
Status CheckFeeds(const std::vector<SignatureTensors>& signatures) {
  for (const SignatureTensors& signature : signatures) {
    for (const NamedOutput& feed : signature.feeds) {
      if (std::string_view(TF_OperationOpType(feed.output.oper)) == "Placeholder") continue;
      for (const SignatureTensors& other : signatures) {
        bool feeds_it = other.fetches.empty();
        for (const NamedOutput& each : other.feeds) feeds_it = feeds_it || each.name == feed.name;
        if (!feeds_it) return CannotShareWeights(feed.name + " is fed by some signatures only");
      }
    }
  }
  return Status();
}

// Everything that any signature feeds and fetches, each once, with a value for what is fed.
Status MakeWholeRun(const std::vector<SignatureTensors>& signatures,
                    const std::vector<TrialCase>& cases, ExecutedGraph* run,
                    std::vector<TF_Tensor*>* fed) {
  std::map<TF_Output, const std::string*, OutputOrder> names;
  std::set<std::string> feeds, fetches;
  for (const SignatureTensors& signature : signatures) {
    if (signature.fetches.empty()) continue;
    for (const NamedOutput& feed : signature.feeds) {
      names.emplace(feed.output, &feed.name);
      feeds.insert(feed.name);
    }
    for (const NamedOutput& fetch : signature.fetches) fetches.insert(fetch.name);
  }
  std::map<std::string, TF_Tensor*> values;
  for (const TrialCase& each : cases) {
    for (size_t i = 0; i < each.feeds.size(); ++i) {
      const auto name = names.find(each.feeds[i]);
      if (name != names.end()) values.emplace(*name->second, each.values[i]);
    }
  }
  for (const std::string& feed : feeds) {
    const auto value = values.find(feed);
    if (value == values.end())
      return CannotShareWeights("there is no input to run " + feed + " with");
    run->feeds.push_back(feed);
    fed->push_back(value->second);
  }
  run->fetches.assign(fetches.begin(), fetches.end());
  return run->fetches.empty() ? CannotShareWeights("it has no outputs") : Status();
}

// The graph that `run` executes.
Status FindGraph(const GraphSession& session, const std::vector<TF_Tensor*>& fed,
                 ExecutedGraph* run) {
  const QuietRuns quiet;
  const BufferHandle options(TF_NewBufferFromString(kTellGraph, sizeof(kTellGraph)));
  run->metadata.reset(TF_NewBuffer());
  TF_Buffer* metadata = run->metadata.get();
  Status status =
      session.RunByName(options.get(), run->feeds, fed, run->fetches, {}, metadata, nullptr);
  if (!status.ok()) return status;
  std::vector<std::string_view> partitions;
  ForEachBytes({static_cast<const char*>(metadata->data), metadata->length}, kPartitionGraphs,
               [&](std::string_view partition) {
                 partitions.push_back(partition);
                 return true;
               });
  if (partitions.size() != 1) return CannotShareWeights("it is not executed on one device");
  return ReadGraphDef(partitions[0], &run->graph);
}

// What the weights of a graph are given, by their numbers.
class Values {
 public:
  explicit Values(const FrozenGraph& frozen) : all_(PointersTo(frozen.values)) {}
  const std::vector<TF_Tensor*>& all() const { return all_; }
  size_t next_number() const { return all_.size(); }
  void Add(TensorHandle value) {
    all_.push_back(value.get());
    own_.push_back(std::move(value));
  }

 private:
  std::vector<TF_Tensor*> all_;
  std::vector<TensorHandle> own_;  // beside those of the frozen graph
};

Status Decode(std::string_view serialized, TensorHandle* out) {
  Tensor tensor;
  const Status status = DecodeConstant(serialized, &tensor);
  return status.ok() ? ToTfTensor(&tensor, out) : status;
}

// A session of a graph that needs no optimizers.
Status NewSession(const std::string& graph_def, const std::vector<SignatureTensors>& signatures,
                  const std::vector<ResidentWeight>& weights, const std::string& config_proto,
                  const Values& values, std::unique_ptr<GraphSession>* session) {
  // The graph has been through all of them.
  Status status =
      GraphSession::Create(WithoutOptimizers(config_proto), graph_def, signatures, session);
  return status.ok() ? (*session)->Assign(weights, values.all()) : status;
}

// Computes what is computed of weights alone, once. What would be larger than they are stays.
Status Fold(const std::string& config_proto, GraphDef* graph, GraphTexts* texts, Values* values) {
  const WeightExpressions found = FindWeightExpressions(*graph);
  std::vector<WeightValue> results;
  if (!found.results.empty()) {
    std::unique_ptr<GraphSession> session;
    Status status = NewSession(found.graph_def, {}, found.weights, config_proto, *values, &session);
    if (!status.ok()) return status;
    std::vector<std::string> fetches;
    for (const WeightExpression& result : found.results) {
      fetches.push_back(std::string(result.node) + ":0");
    }
    std::vector<TensorHandle> outputs;
    status = session->RunByName(nullptr, {}, {}, fetches, {}, nullptr, &outputs);
    if (!status.ok()) return status;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (TF_TensorByteSize(outputs[i].get()) > found.results[i].bytes) continue;
      WeightValue& result = results.emplace_back();
      const TensorView view = ViewOf(outputs[i].get(), &result.dims);
      result.node = found.results[i].node;
      result.number = values->next_number();
      result.dtype = view.dtype;
      values->Add(std::move(outputs[i]));
    }
  }
  return PutWeights(results, graph, texts);
}

}  // namespace

Status TellExecuted(const FrozenGraph& frozen, const GraphSession& session,
                    const std::vector<TrialCase>& cases, ExecutedGraph* executed) {
  std::vector<TF_Tensor*> fed;
  Status status = CheckFeeds(frozen.signatures);
  if (status.ok()) status = MakeWholeRun(frozen.signatures, cases, executed, &fed);
  return status.ok() ? FindGraph(session, fed, executed) : status;
}

Status NewSharedWeightsSession(const FrozenGraph& frozen, const ExecutedGraph& executed,
                               const std::string& config_proto, const SharedWeightsLimits& limits,
                               bool fuses, SharedWeightsSession* shared) {
  *shared = {};
  GraphDef graph = executed.graph;
  GraphTexts texts;
  if (fuses) shared->fused = FuseConvolutions(&graph, &texts);
  Values values(frozen);
  Status status = Fold(config_proto, &graph, &texts, &values);
  if (!status.ok()) return status;
  SharedWeightsGraph made;
  status = MakeSharedWeightsGraph(graph, executed.feeds, executed.fetches, limits.weight,
                                  values.next_number(), &made);
  if (!status.ok()) return status;
  std::map<std::string_view, const std::string*> feeds, fetches;
  for (size_t i = 0; i < made.feeds.size(); ++i) {
    feeds.emplace(executed.feeds[i], &made.feeds[i]);
  }
  for (size_t i = 0; i < made.fetches.size(); ++i) {
    fetches.emplace(executed.fetches[i], &made.fetches[i]);
  }
  std::vector<SignatureTensors> renamed;
  for (const SignatureTensors& signature : frozen.signatures) {
    if (signature.fetches.empty()) continue;
    SignatureTensors& tensors = renamed.emplace_back(signature);
    for (NamedOutput& feed : tensors.feeds) feed.name = *feeds.at(feed.name);
    for (NamedOutput& fetch : tensors.fetches) fetch.name = *fetches.at(fetch.name);
  }
  std::vector<ResidentWeight> weights;
  for (const SharedWeight& each : made.weights) {
    weights.push_back(each.weight);
    if (each.serialized.empty()) continue;
    TensorHandle value;
    status = Decode(each.serialized, &value);
    if (!status.ok()) return status;
    values.Add(std::move(value));
  }
  std::unique_ptr<GraphSession> session;
  status = NewSession(made.graph_def, renamed, weights, config_proto, values, &session);
  if (status.ok()) shared->session = std::move(session);
  return status;
}

}  // namespace tensorgate
