#include "plan/lean_session.h"

#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "codec/message_fields.h"
#include "graph/attr_value.h"
#include "graph/fused_convolutions.h"
#include "graph/lean_graph.h"
#include "tf/output_order.h"
#include "tf/status.h"

namespace tensorgate {
namespace {

// RunOptions { output_partition_graphs: true }
constexpr unsigned char kTellGraph[] = {0x28, 0x01};

// RunMetadata: partition_graphs 3.
constexpr uint32_t kPartitionGraphs = 3;

// ConfigProto { graph_options { optimizer_options { opt_level: L0 }
//                               rewrite_options { disable_meta_optimizer: true } } }
// The graph has been through all of it.
constexpr char kAsItIs[] = {'\x52', '\x12', '\x1a', '\x0b', '\x18', '\xff', '\xff',
                            '\xff', '\xff', '\xff', '\xff', '\xff', '\xff', '\xff',
                            '\x01', '\x52', '\x03', '\x98', '\x01', '\x01'};

// Everything that any signature feeds and fetches, each once, with a value for what is fed.
struct WholeRun {
  std::vector<std::string> feeds;
  std::vector<TF_Tensor*> values;
  std::vector<std::string> fetches;
};

// What is fed cuts off what it is computed from: where a signature feeds what others compute, a run
// of all of them is another graph.
Status CheckFeeds(const std::vector<SignatureTensors>& signatures) {
  for (const SignatureTensors& signature : signatures) {
    for (const NamedOutput& feed : signature.feeds) {
      if (std::string_view(TF_OperationOpType(feed.output.oper)) == "Placeholder") continue;
      for (const SignatureTensors& other : signatures) {
        bool feeds_it = other.fetches.empty();
        for (const NamedOutput& each : other.feeds) feeds_it = feeds_it || each.name == feed.name;
        if (!feeds_it) return CannotBeLean(feed.name + " is fed by some signatures only");
      }
    }
  }
  return Status();
}

Status MakeWholeRun(const std::vector<SignatureTensors>& signatures,
                    const std::vector<TrialCase>& cases, WholeRun* run) {
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
    if (value == values.end()) return CannotBeLean("there is no input to run " + feed + " with");
    run->feeds.push_back(feed);
    run->values.push_back(value->second);
  }
  run->fetches.assign(fetches.begin(), fetches.end());
  return run->fetches.empty() ? CannotBeLean("it has no outputs") : Status();
}

// The graph that a run executes. `metadata` holds the bytes of `graph`.
Status GraphOf(const GraphSession& session, const WholeRun& run, TF_Buffer* metadata,
               GraphDef* graph) {
  const BufferHandle options(TF_NewBufferFromString(kTellGraph, sizeof(kTellGraph)));
  Status status =
      session.RunByName(options.get(), run.feeds, run.values, run.fetches, {}, metadata);
  if (!status.ok()) return status;
  std::vector<std::string_view> partitions;
  ForEachBytes({static_cast<const char*>(metadata->data), metadata->length}, kPartitionGraphs,
               [&](std::string_view partition) {
                 partitions.push_back(partition);
                 return true;
               });
  if (partitions.size() != 1) return CannotBeLean("it is not executed on one device");
  return ReadGraphDef(partitions[0], graph);
}

Status ToTensor(const LeanWeight& weight, TensorHandle* out) {
  Tensor tensor;
  const Status status = DecodeConstant(weight.serialized, &tensor);
  if (!status.ok()) return status;
  const size_t bytes = static_cast<size_t>(tensor.elements) * ElementSize(tensor.dtype);
  out->reset(TF_AllocateTensor(static_cast<TF_DataType>(tensor.dtype), tensor.dims.data(),
                               static_cast<int>(tensor.dims.size()), bytes));
  if (*out == nullptr) return Status(Code::kResourceExhausted, "no memory for a weight");
  std::memcpy(TF_TensorData(out->get()), tensor.data.data(), bytes);
  return Status();
}

// The variables take the memory of what is fed.
Status Assign(const GraphSession& session, const std::vector<LeanWeight>& weights) {
  std::vector<TensorHandle> tensors;
  std::vector<TF_Tensor*> values;
  std::vector<std::string> feeds, targets;
  for (const LeanWeight& weight : weights) {
    Status status = ToTensor(weight, &tensors.emplace_back());
    if (!status.ok()) return status;
    values.push_back(tensors.back().get());
    feeds.push_back(weight.value);
    targets.push_back(weight.assign);
  }
  return session.RunByName(nullptr, feeds, values, {}, targets, nullptr);
}

}  // namespace

Status NewLeanSession(const std::vector<SignatureTensors>& signatures, const GraphSession& executed,
                      const std::vector<TrialCase>& cases, const std::string& config_proto,
                      const LeanLimits& limits, bool fuses, LeanSession* lean) {
  *lean = {};
  WholeRun run;
  Status status = CheckFeeds(signatures);
  if (status.ok()) status = MakeWholeRun(signatures, cases, &run);
  if (!status.ok()) return status;
  BufferHandle metadata(TF_NewBuffer());
  GraphDef graph;
  status = GraphOf(executed, run, metadata.get(), &graph);
  if (!status.ok()) return status;
  GraphTexts texts;
  if (fuses) lean->fused = FuseConvolutions(&graph, &texts);
  LeanGraph made;
  status = MakeLeanGraph(graph, run.feeds, run.fetches, limits.constant, &made);
  if (!status.ok()) return status;
  if (made.weights.empty()) return CannotBeLean("it has no large constants");
  std::map<std::string_view, const std::string*> feeds, fetches;
  for (size_t i = 0; i < run.feeds.size(); ++i) feeds.emplace(run.feeds[i], &made.feeds[i]);
  for (size_t i = 0; i < run.fetches.size(); ++i) fetches.emplace(run.fetches[i], &made.fetches[i]);
  std::vector<SignatureTensors> renamed;
  for (const SignatureTensors& signature : signatures) {
    if (signature.fetches.empty()) continue;
    SignatureTensors& tensors = renamed.emplace_back(signature);
    for (NamedOutput& feed : tensors.feeds) feed.name = *feeds.at(feed.name);
    for (NamedOutput& fetch : tensors.fetches) fetch.name = *fetches.at(fetch.name);
  }
  const std::string config = config_proto + std::string(kAsItIs, sizeof(kAsItIs));
  std::unique_ptr<GraphSession> session;
  status = GraphSession::Create(config, made.graph_def, renamed, &session);
  if (status.ok()) status = Assign(*session, made.weights);
  if (status.ok()) lean->session = std::move(session);
  return status;
}

}  // namespace tensorgate
