// Freezing: the graph that some tensors need, with the values of variables in it. Finds the
// variables; whoever has their values gets the frozen GraphDef. Knows no TensorFlow; one thread at
// a time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_def.h"
#include "graph/resident_weights.h"
#include "graph/variable_flow.h"
#include "status/status.h"
#include "tensor/tensor.h"

namespace tensorgate {

struct GraphVariable {
  std::string_view name;  // the node's
  DataType dtype = DataType::kInvalid;
  bool is_resource = true;  // false: a reference variable of TensorFlow 1
};

struct FrozenWeight {
  ResidentWeight weight;      // numbered from 0 on
  std::string_view variable;  // whose value it has
};

class Freezer {
 public:
  // OWNERSHIP: borrows `graph`. `roots`: names of the nodes that are fed and fetched.
  Freezer(const GraphDef& graph, std::vector<std::string> roots);

  // The variables that the roots need. ERRORS: FAILED_PRECONDITION, with the reason, where the
  // graph cannot be frozen: it needs tables, variables inside of functions or the like.
  Status FindVariables(std::vector<GraphVariable>* variables);

  // A serialized GraphDef where the variables that have a value are constants, or resident weights
  // where they have `least_resident` bytes of numbers; the others stay variables, never to be read.
  // Nodes and tensors keep their names. REQUIRES: FindVariables() succeeded. ERRORS:
  // FAILED_PRECONDITION with the reason, RESOURCE_EXHAUSTED where the graph would pass what a
  // protobuf message can hold.
  Status Freeze(const std::map<std::string_view, TensorView>& values, uint64_t least_resident,
                std::string* graph_def, std::vector<FrozenWeight>* weights);

 private:
  Status Visit(const Node& node);
  Status CheckFunctions(std::vector<std::string_view> names);
  Status CheckReferences(const std::map<std::string_view, TensorView>& values) const;
  Status FunctionsOf(const std::vector<Node>& nodes, std::vector<const Function*>* functions) const;

  const GraphDef& graph_;
  const std::vector<std::string> roots_;
  FunctionCopies copies_;
  std::vector<const Node*> needed_;
  std::set<std::string_view> checked_;  // functions
};

}  // namespace tensorgate
