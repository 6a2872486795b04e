#include "plan/graph_fingerprint.h"

#include <cstdint>
#include <functional>

#include "graph/expression_hash.h"
#include "model/signature.h"

namespace tensorgate {
namespace {

std::string TextOf(uint64_t number) { return std::to_string(number) + " "; }

// What clients see of the tensors; their names in the graph are none of it.
std::string TextOf(const std::vector<TensorInfo>& tensors, std::vector<std::string>* names) {
  std::string text;
  for (const TensorInfo& info : tensors) {
    names->push_back(info.tensor_name);
    text += TextOf(std::hash<std::string>()(info.alias)) +
            TextOf(static_cast<uint64_t>(info.dtype)) + (info.unknown_rank ? "? " : "");
    for (const int64_t dim : info.dims) text += std::to_string(dim) + ",";
  }
  return text + ";";
}

}  // namespace

std::string GraphFingerprint(const SavedGraph& saved) {
  MetaGraph meta_graph;
  if (!ReadMetaGraph(saved.meta_graph_def, &meta_graph).ok()) return "";
  ExpressionHashes expressions(saved.graph, VariablesBy::kOrder);
  std::string fingerprint;
  for (const SignatureDef& signature : meta_graph.signatures) {
    std::vector<std::string> feeds, fetches;
    std::vector<uint64_t> hashes;
    fingerprint += TextOf(std::hash<std::string>()(signature.name)) +
                   TextOf(signature.inputs, &feeds) + TextOf(signature.outputs, &fetches);
    if (!expressions.Of(feeds, fetches, &hashes)) return "";
    for (const uint64_t hash : hashes) fingerprint += TextOf(hash);
  }
  return std::to_string(std::hash<std::string>()(fingerprint));
}

std::string GraphFingerprint(const std::string& folder, const std::vector<std::string>& tags) {
  SavedGraph saved;
  return ReadSavedGraph(folder, tags, &saved) ? GraphFingerprint(saved) : "";
}

}  // namespace tensorgate
