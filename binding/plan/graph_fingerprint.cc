#include "plan/graph_fingerprint.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <functional>
#include <set>
#include <string_view>

#include "codec/message_fields.h"
#include "graph/expression_hash.h"
#include "runtime/signature.h"

namespace tensorgate {
namespace {

constexpr std::streamoff kMaxBytes = 64 << 20;

// SavedModel: meta_graphs 2. MetaGraphDef: meta_info_def 1, graph_def 2. MetaInfoDef: tags 4.
constexpr uint32_t kMetaGraphs = 2;
constexpr uint32_t kMetaInfo = 1;
constexpr uint32_t kGraphDef = 2;
constexpr uint32_t kTags = 4;

bool ReadFile(const std::string& path, std::string* bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.tellg();
  if (!file || size < 0 || size > kMaxBytes) return false;
  bytes->resize(static_cast<size_t>(size));
  file.seekg(0);
  return static_cast<bool>(file.read(bytes->data(), size));
}

std::string_view FieldOf(std::string_view message, uint32_t wanted) {
  std::string_view found;
  ForEachBytes(message, wanted, [&](std::string_view bytes) {
    found = bytes;
    return true;
  });
  return found;
}

// Empty where none has these tags and no others.
std::string_view FindMetaGraph(std::string_view saved_model,
                               const std::set<std::string_view>& tags) {
  std::string_view found;
  ForEachBytes(saved_model, kMetaGraphs, [&](std::string_view meta_graph) {
    std::set<std::string_view> given;
    ForEachBytes(FieldOf(meta_graph, kMetaInfo), kTags, [&](std::string_view tag) {
      given.insert(tag);
      return true;
    });
    if (found.empty() && given == tags) found = meta_graph;
    return true;
  });
  return found;
}

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

std::string GraphFingerprint(const std::string& folder, const std::vector<std::string>& tags) {
  std::string bytes;
  if (!ReadFile(folder + "/saved_model.pb", &bytes)) return "";
  const std::string_view meta_graph_def = FindMetaGraph(bytes, {tags.begin(), tags.end()});
  GraphDef graph;
  MetaGraph meta_graph;
  if (meta_graph_def.empty() || !ReadGraphDef(FieldOf(meta_graph_def, kGraphDef), &graph).ok() ||
      !ReadMetaGraph(meta_graph_def, &meta_graph).ok()) {
    return "";
  }
  ExpressionHashes expressions(graph, VariablesBy::kOrder);
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

}  // namespace tensorgate
