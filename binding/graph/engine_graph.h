// EngineGraph: the part of a frozen graph that one signature needs, for another engine than
// TensorFlow, where that computes the same of whatever is fed. Knows no engine; one thread at a
// time.
//
// What is asked of the graph, beside ops that both engines have:
// - no numbers that the other may compute in another type than TensorFlow does: floats of 32 bits,
//   and whole numbers where they are sizes, or say which rows are gathered;
// - whole numbers that are fed reach nothing but such rows, which must be there: TensorFlow refuses
//   others, engines may not. The bounds go with the graph, and who runs it looks that they hold.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_def.h"
#include "status/status.h"
#include "tensor/dtype.h"
#include "tensor/tensor.h"

namespace tensorgate {

struct EngineInput {
  std::string name;  // "node:0"
  DataType dtype = DataType::kInvalid;
  bool unknown_rank = true;
  std::vector<int64_t> dims;  // -1: any
  // Each value must be at least 0 and below; 0: any may be.
  int64_t below = 0;
};

struct EngineGraph {
  std::string graph_def;  // serialized
  std::vector<EngineInput> inputs;
  std::vector<std::string> outputs;  // "node:0", in the order of the fetches
};

// The value of resident weight `number`. False: there is none.
using ResidentValue = std::function<bool(size_t number, TensorView* value)>;

// `inputs`: what is fed, without bounds. `fetches`: "node:0". ERRORS: FAILED_PRECONDITION, with op
// and node that the other engine may compute otherwise.
Status MakeEngineGraph(const GraphDef& frozen, const ResidentValue& resident,
                       std::vector<EngineInput> inputs, const std::vector<std::string>& fetches,
                       EngineGraph* made);

}  // namespace tensorgate
