#include "servables/file_rows.h"

#include <memory>
#include <string>

#include "rows/row_proof.h"
#include "status/violation.h"
#include "warmup/synthetic_inputs.h"

namespace tensorgate {
namespace {

bool HasRows(const TensorInfo& input, bool resizes) {
  if (input.unknown_rank || input.dims.empty()) return false;
  return input.dims[0] < 0 || (resizes && input.dims[0] == 1);
}

std::string TextOf(const Obstacle& obstacle, const FileGraph& graph) {
  const auto origin = graph.origins.find(obstacle.node);
  if (origin == graph.origins.end()) return "its graph " + obstacle.reason;
  const auto& [name, op] = origin->second;
  return "node " + Quoted(name) + " (" + op + ") " + obstacle.reason;
}

// Why its rows are not known to be independent; empty where they are.
std::string Refusal(const FileRows& rows, const Signature& signature) {
  std::vector<ProofInput> inputs;
  for (const TensorInfo& info : signature.def.inputs) {
    const size_t place = PlaceOf(rows.file.inputs, info.tensor_name);
    if (place >= rows.graph.inputs.size()) return "its graph has no such input";
    inputs.push_back({rows.graph.inputs[place], info.dims});
    inputs.back().dims[0] = -1;
  }
  std::vector<std::string> outputs;
  for (const TensorInfo& info : signature.def.outputs) {
    const size_t place = PlaceOf(rows.file.outputs, info.tensor_name);
    if (place >= rows.graph.outputs.size()) return "its graph has no such output";
    outputs.push_back(rows.graph.outputs[place]);
  }
  const auto obstacle = FindObstacle(
      rows.graph.graph, [](std::string_view, std::vector<OpOutput>*) { return false; }, inputs,
      outputs);
  if (!obstacle) return "";
  for (size_t i = 0; i < outputs.size(); ++i) {
    // In the words of clients, where it is about an output as such.
    if (obstacle->op.empty() && obstacle->node == outputs[i]) {
      return "output " + Quoted(signature.def.outputs[i].alias) + " " + obstacle->reason;
    }
  }
  return TextOf(*obstacle, rows.graph);
}

}  // namespace

std::vector<SignatureRows> ProveFileRows(
    const std::function<FileRows(const Signature& signature)>& rows_of, RowPolicy policy,
    Servable* servable) {
  std::vector<SignatureRows> results;
  for (const Signature& signature : servable->signatures()) {
    const FileRows rows = rows_of(signature);
    SignatureRows& result = results.emplace_back();
    result.signature = signature.def.name;
    bool has_rows = !signature.def.inputs.empty();
    for (const TensorInfo& input : signature.def.inputs) {
      has_rows = has_rows && HasRows(input, rows.resizes);
    }
    if (!has_rows) {
      result.refusal = "its inputs do not take any number of rows";
      continue;
    }
    auto spec = std::make_shared<SyntheticSpec>();
    spec->hints.resize(signature.def.inputs.size());
    spec->opens_rows = true;
    servable->SetSynthetic(signature, std::move(spec));
    if (policy == RowPolicy::kAssumeIndependent) continue;
    result.refusal =
        rows.followed.ok() ? Refusal(rows, signature) : std::string(rows.followed.message());
    result.is_proven = result.refusal.empty();
  }
  return results;
}

}  // namespace tensorgate
