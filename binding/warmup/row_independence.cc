#include "warmup/row_independence.h"

#include <utility>

#include "codec/proto/message_fields.h"
#include "graph/graph_def.h"
#include "model/model_graph.h"
#include "rows/row_proof.h"
#include "status/violation.h"
#include "warmup/synthetic_inputs.h"

namespace tensorgate {
namespace {

// Of an op that TensorFlow knows. OpDef: output_arg 3. ArgDef: name 1, number_attr 5,
// type_list_attr 6.
bool FindOpIn(TF_Graph* graph, std::string_view op, std::vector<OpOutput>* outputs) {
  StatusHandle status(TF_NewStatus());
  BufferHandle op_def(TF_NewBuffer());
  TF_GraphGetOpDef(graph, std::string(op).c_str(), op_def.get(), status.get());
  if (TF_GetCode(status.get()) != TF_OK) return false;
  const std::string_view bytes(static_cast<const char*>(op_def->data), op_def->length);
  return ForEachBytes(bytes, 3, [&](std::string_view arg) {
    OpOutput& output = outputs->emplace_back();
    return ForEachBytes(arg, [&](uint32_t field, std::string_view text) {
      if (field == 1) output.name = text;
      if (field == 5) output.number_attr = text;
      if (field == 6) output.type_list_attr = text;
      return true;
    });
  });
}

std::string TextOf(const Obstacle& obstacle) {
  std::string text = Quoted(obstacle.node);
  if (!obstacle.op.empty()) text = "node " + text + " (" + obstacle.op + ")";
  return text + " " + obstacle.reason;
}

std::string NameOf(const TF_Output& output) {
  return std::string(TF_OperationName(output.oper)) + ":" + std::to_string(output.index);
}

// Why its rows are not known to be independent; empty where they are.
std::string Refusal(const Signature& signature, const SavedModel& model, const GraphDef& graph) {
  if (!signature.changed_by.empty()) {
    return "a run may change its state or draw random numbers (" + signature.changed_by + ")";
  }
  std::vector<ProofInput> inputs;
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    inputs.push_back({NameOf(signature.inputs[i]), signature.def.inputs[i].dims});
  }
  std::vector<std::string> outputs;
  for (const TF_Output& output : signature.outputs) outputs.push_back(NameOf(output));
  const auto obstacle = FindObstacle(
      graph,
      [&](std::string_view op, std::vector<OpOutput>* found) {
        return FindOpIn(model.graph(), op, found);
      },
      inputs, outputs);
  if (!obstacle) return "";
  for (size_t i = 0; i < outputs.size(); ++i) {
    // In the words of clients, where it is about an output as such.
    if (obstacle->op.empty() && obstacle->node == outputs[i]) {
      return "output " + Quoted(signature.def.outputs[i].alias) + " " + obstacle->reason;
    }
  }
  return TextOf(*obstacle);
}

// What no operator can know better.
std::string Impossibility(const Signature& signature) {
  if (!signature.has_outputs()) return "it has no outputs, or some that are not in the graph";
  return HasRowsOfAnyNumber(signature) ? "" : "its inputs do not take any number of rows";
}

}  // namespace

std::vector<SignatureRows> ProveRows(const SavedModel& model, RowPolicy policy) {
  std::vector<SignatureRows> results;
  bool is_any_possible = false;
  for (const Signature& signature : model.signatures()) {
    SignatureRows& result = results.emplace_back();
    result.signature = signature.def.name;
    result.refusal = Impossibility(signature);
    is_any_possible |= result.refusal.empty();
  }
  if (policy == RowPolicy::kAssumeIndependent || !is_any_possible) return results;
  std::string bytes;
  GraphDef graph;
  Status status = SerializeWithoutWeights(model.graph(), &bytes);
  if (status.ok()) status = ReadGraphDef(bytes, &graph);
  for (size_t i = 0; i < results.size(); ++i) {
    SignatureRows& result = results[i];
    if (!result.refusal.empty()) continue;
    result.refusal = status.ok() ? Refusal(model.signatures()[i], model, graph)
                                 : "its graph cannot be read: " + status.message();
    result.is_proven = result.refusal.empty();
  }
  return results;
}

}  // namespace tensorgate
