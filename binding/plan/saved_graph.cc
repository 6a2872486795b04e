#include "plan/saved_graph.h"

#include <cstdint>
#include <fstream>
#include <set>

#include "codec/proto/message_fields.h"

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

}  // namespace

bool ReadSavedGraph(const std::string& folder, const std::vector<std::string>& tags,
                    SavedGraph* saved) {
  if (!ReadFile(folder + "/saved_model.pb", &saved->bytes)) return false;
  saved->meta_graph_def = FindMetaGraph(saved->bytes, {tags.begin(), tags.end()});
  return !saved->meta_graph_def.empty() &&
         ReadGraphDef(FieldOf(saved->meta_graph_def, kGraphDef), &saved->graph).ok();
}

}  // namespace tensorgate
