// RowProof: whether the rows of a signature are independent: each row of the outputs comes of that
// row of the inputs alone, whatever the other rows hold, however many there are, and wherever among
// them it is. Then requests that know nothing of each other may share a run. Follows dimension 0 of
// the inputs through the graph, its functions, loops and branches, by a rule for each op that is
// known to keep rows apart and in place; what has no rule, or mixes, counts or numbers rows, ends
// the proof. Sees no values but those of small constants. Knows no TensorFlow; any thread.
//
// Holds for inputs of the shapes that the signature declares, if a run changes no state and draws
// no random numbers, and control inputs do no more than check.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_def.h"
#include "rows/value.h"

namespace tensorgate {

// An output of an op, which may stand for several tensors.
struct OpOutput {
  std::string name;
  std::string number_attr;     // so many; or empty
  std::string type_list_attr;  // as many as types; or empty
};

// An attribute that a node of the graph may have, a list of shapes: those of its outputs that are
// known without running it.
constexpr std::string_view kKnownShapes = "_tensorgate_known_shapes";

// Fills in the outputs of a registered op; false: it is not known.
using FindOp = std::function<bool(std::string_view op, std::vector<OpOutput>* outputs)>;

struct ProofInput {
  std::string tensor;         // "node:0"
  std::vector<int64_t> dims;  // as declared; -1 for those that are open, as the first must be
};

// Nothing where all `outputs` ("node:0") are proven to have independent rows, one for each of the
// inputs'; else what stands against it first. OWNERSHIP: borrows `graph` for the call.
std::optional<Obstacle> FindObstacle(const GraphDef& graph, const FindOp& find_op,
                                     const std::vector<ProofInput>& inputs,
                                     const std::vector<std::string>& outputs);

}  // namespace tensorgate
