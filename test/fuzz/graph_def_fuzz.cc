// Any bytes as the GraphDef of a model: read, and frozen with a value for every variable. What
// comes out can be read again. One thread.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/expression_hash.h"
#include "graph/freeze.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  tensorgate::GraphDef graph;
  if (!tensorgate::ReadGraphDef(bytes, &graph).ok() || graph.nodes.empty()) return 0;
  // The last nodes are those that need most of the others.
  std::vector<std::string> roots = {std::string(graph.nodes.back().name)};
  if (graph.nodes.size() > 1) roots.emplace_back((graph.nodes.end() - 2)->name);
  std::vector<uint64_t> hashes;
  tensorgate::ExpressionHashes expressions(graph);
  if (expressions.Of({}, {roots[0] + ":0"}, &hashes) && hashes.size() != 1) std::abort();
  tensorgate::Freezer freezer(graph, roots);
  std::vector<tensorgate::GraphVariable> variables;
  if (!freezer.FindVariables(&variables).ok()) return 0;
  const float value = 1;
  tensorgate::TensorView scalar;
  scalar.dtype = tensorgate::DataType::kFloat;
  scalar.elements = 1;
  scalar.data = &value;
  std::map<std::string_view, tensorgate::TensorView> values;
  for (const tensorgate::GraphVariable& variable : variables) values[variable.name] = scalar;
  std::string frozen;
  std::vector<tensorgate::FrozenWeight> weights;
  if (!freezer.Freeze(values, 4, &frozen, &weights).ok()) return 0;
  tensorgate::GraphDef again;
  if (!tensorgate::ReadGraphDef(frozen, &again).ok()) std::abort();
  return 0;
}
