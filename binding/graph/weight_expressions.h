// Weight expressions: what a graph computes from its resident weights and constants alone, and so
// anew in every run to the same: weights that are transposed, scaled, cast. TensorFlow's optimizers
// do so once with constants; for resident weights whoever has their values does. Knows no
// TensorFlow; any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_def.h"
#include "graph/resident_weights.h"
#include "tensor/dtype.h"

namespace tensorgate {

struct WeightExpression {
  std::string_view node;  // its only output
  uint64_t bytes = 0;     // of the weights that it is computed from
};

struct WeightExpressions {
  std::vector<WeightExpression> results;  // those that something else needs
  std::string graph_def;                  // serialized: what computes them
  std::vector<ResidentWeight> weights;    // of that graph
};

// `graph`: as TensorFlow executes it.
WeightExpressions FindWeightExpressions(const GraphDef& graph);

// What a node comes to.
struct WeightValue {
  std::string_view node;
  size_t number = 0;  // of the resident weight that it becomes
  DataType dtype = DataType::kInvalid;
  std::vector<int64_t> dims;
};

// Puts resident weights in place of those nodes, leaves out what nobody needs any more, and tells
// convolutions that their resident weights stay as they are. `texts` must outlive the graph's use.
// ERRORS: INVALID_ARGUMENT when the graph is malformed.
Status PutWeights(const std::vector<WeightValue>& values, GraphDef* graph,
                  std::deque<std::string>* texts);

}  // namespace tensorgate
