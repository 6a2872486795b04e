// ExpressionHashes: what a tensor of a graph computes, as a number: the same for two tensors whose
// graphs differ in nothing but the names of nodes and functions. So two signatures are found that
// are one. Knows no TensorFlow; one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/graph_def.h"

namespace tensorgate {

// What a variable is known by.
enum class VariablesBy {
  kName,
  kOrder,  // in which they are come by: two graphs with other variables can have the same hash
};

class ExpressionHashes {
 public:
  // OWNERSHIP: borrows `graph`.
  explicit ExpressionHashes(const GraphDef& graph, VariablesBy variables_by = VariablesBy::kName);

  // A hash for each of `fetches` as an expression of `feeds`, all of them names of nodes with an
  // index, "node:0". Feeds count by their place in the list. False: there is none to be had.
  bool Of(const std::vector<std::string>& feeds, const std::vector<std::string>& fetches,
          std::vector<uint64_t>* hashes);

 private:
  struct Scope;  // the nodes of the graph or of a function's body

  bool HashTensors(Scope* scope, const std::vector<std::string_view>& tensors, int depth,
                   std::vector<uint64_t>* hashes);
  bool HashNode(Scope* scope, const Node& node, int depth, uint64_t* hash);
  bool HashFunction(std::string_view name, int depth, uint64_t* hash);

  const GraphDef& graph_;
  const VariablesBy variables_by_;
  std::unordered_map<std::string_view, uint64_t> variables_;  // numbers, with kOrder
  NodesByName nodes_;
  std::unordered_map<std::string_view, const Function*> functions_;
  std::unordered_map<std::string_view, uint64_t> function_hashes_;
};

}  // namespace tensorgate
