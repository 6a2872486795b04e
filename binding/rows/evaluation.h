// Evaluation: what is known of the tensors of a graph, found from its inputs on, node after node;
// calls of functions are followed as if their bodies stood there. One thread at a time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "graph/graph_def.h"
#include "graph/tensor_ref.h"
#include "rows/operation.h"
#include "rows/row_proof.h"

namespace tensorgate {

class Evaluation {
 public:
  // OWNERSHIP: borrows `graph` and `find_op`. `inputs`: the tensors that are fed, "node:0".
  Evaluation(const GraphDef& graph, const FindOp& find_op, std::map<std::string, Value> inputs);
  ~Evaluation();

  // Of a tensor of the graph, "node:0".
  Value Of(const std::string& tensor);

  // What the function returns for these arguments, a value for each of its outputs; one obstacle
  // for all where it cannot be followed. `which` tells the functions of a node apart.
  Values Call(const Operation& caller, size_t which, std::string_view function,
              const Values& arguments);

 private:
  // The nodes of the graph, or of a function.
  using Body = std::unordered_map<std::string_view, const Node*>;
  // What is known of the tensors of a body in one call.
  struct Frame;
  struct Tensor {
    TensorRef ref;
    const Node* node;  // null: an argument, or not there
  };

  static Tensor Parse(const Frame& frame, std::string_view name);
  const Value* Fed(const Frame& frame, const TensorRef& ref) const;
  Value Find(const Frame& frame, std::string_view name);
  bool IndexOf(const Tensor& tensor, size_t* index);
  void Evaluate(const Node& node, Frame* frame);
  Values Apply(const Node& node, const Frame& frame);

  const FindOp& find_op_;
  const std::map<std::string, Value> inputs_;
  Symbols symbols_;
  std::unordered_map<std::string_view, const Function*> functions_;
  std::map<const Function*, Body> bodies_;
  std::map<std::string_view, std::vector<OpOutput>> ops_;
  std::map<std::tuple<uint32_t, const Node*, size_t>, uint32_t> scopes_;
  std::unique_ptr<Frame> graph_frame_;
  size_t steps_ = 0;
  int depth_ = 0;
};

// Calls, branches and loops. Null: the op is none of them.
using Follow = Values (*)(const Operation& operation, Evaluation* evaluation);
Follow FindFollow(std::string_view op);

}  // namespace tensorgate
