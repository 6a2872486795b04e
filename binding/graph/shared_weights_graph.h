// SharedWeightsGraph: a graph as TensorFlow executes it, after all of its optimizers, written so
// that another session takes it as it is, with the large constants in variables: TensorFlow holds a
// constant several times, a variable once, which all uses of it share. Knows no TensorFlow; any
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_def.h"
#include "graph/resident_weights.h"
#include "status/status.h"

namespace tensorgate {

// A constant that has become a variable, or what was one before.
struct SharedWeight {
  ResidentWeight weight;
  std::string_view serialized;  // TensorProto of the constant; points into what the graph does
};

struct SharedWeightsGraph {
  std::string graph_def;  // serialized
  // The names by which what was fed and fetched is fed and fetched now, in that order.
  std::vector<std::string> feeds;
  std::vector<std::string> fetches;
  std::vector<SharedWeight> weights;
};

// `executed`: the partition graph of a run that fed and fetched these tensors, "node:0", each once.
// Constants become variables where they have `least_bytes` of numbers, and get numbers from
// `first_number` on; resident weights keep theirs. ERRORS: FAILED_PRECONDITION
// with the reason, where the graph has something in it that is not known to survive: functions,
// control flow, other devices.
Status MakeSharedWeightsGraph(const GraphDef& executed, const std::vector<std::string>& feeds,
                              const std::vector<std::string>& fetches, size_t least_bytes,
                              size_t first_number, SharedWeightsGraph* shared);

Status CannotShareWeights(std::string reason);

}  // namespace tensorgate
