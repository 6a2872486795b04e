// VariableFlow: the nodes of a graph or of a function's body with variables turned into values:
// where a handle of a variable went, its value goes. Follows handles through identities, control
// flow and calls of functions, of which it makes copies that take values. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/graph_def.h"
#include "status/status.h"
#include "tensor/dtype.h"

namespace tensorgate {

// The dtype of the variable whose handle a tensor is; kInvalid: it is no handle of one.
using Flow = DataType;
constexpr Flow kNoFlow = DataType::kInvalid;

class FunctionCopies;

class VariableFlow {
 public:
  // Handles that come in: the names of nodes (of a graph) or arguments (of a function). OWNERSHIP:
  // borrows `nodes`, and makes what it writes in `copies`, both of which must outlive this.
  VariableFlow(const std::vector<Node>& nodes, std::unordered_map<std::string_view, Flow> sources,
               bool in_function, FunctionCopies* copies);

  // The flow of a tensor by its name as an input. ERRORS: FAILED_PRECONDITION, with the reason,
  // where a variable is used in a way that no value can stand for.
  Status Of(std::string_view tensor, Flow* flow);
  // Adds what stands for node number `index`: the node itself where no handle reaches it.
  Status Rewrite(size_t index, std::vector<Node>* out);
  // A tensor's name after the rewriting.
  std::string_view Renamed(std::string_view tensor);

 private:
  struct Call {
    Node node;                  // as it calls the copies
    std::vector<Flow> outputs;  // of the call
  };

  const Node* Find(std::string_view name) const;
  Status Gather(const Node& node, Flow flow, std::vector<Node>* out);
  Status CallOf(const Node& node, const Call** call);
  Status MakeCall(const Node& node, Call* call);
  Status CopyFunctions(Node* node, const std::vector<Flow>& inputs, std::vector<Flow>* outputs);

  const std::unordered_map<std::string_view, Flow> sources_;
  const bool in_function_;
  FunctionCopies* const copies_;
  const std::vector<Node>& nodes_;
  std::unordered_map<std::string_view, size_t> index_;
  std::map<const Node*, Call> calls_;
  int depth_ = 0;
};

// The copies of a library's functions that take values for some of their arguments.
class FunctionCopies {
 public:
  // OWNERSHIP: borrows `functions`.
  explicit FunctionCopies(const std::vector<Function>& functions);

  // Null: the library has no such function, nor is it a copy.
  const Function* Find(std::string_view name) const;
  // The copy of `name` whose arguments have these flows, made once; `outputs` are those of what it
  // returns. ERRORS: as VariableFlow::Of.
  Status Copy(std::string_view name, const std::vector<Flow>& inputs, std::string_view* copy_name,
              std::vector<Flow>* outputs);
  // Keeps a text for as long as this lives.
  std::string_view Keep(std::string text) { return texts_.emplace_back(std::move(text)); }

 private:
  struct Made {
    std::string_view name;
    std::vector<Flow> outputs;
    bool is_done = false;  // false: being made, and so called by itself
  };

  Status Make(const Function& original, const std::vector<Flow>& inputs, Made* made);

  std::unordered_map<std::string_view, const Function*> functions_;
  std::deque<Function> copies_;
  std::deque<std::string> texts_;
  std::map<std::pair<std::string_view, std::vector<Flow>>, Made> made_;
};

Status CannotFreeze(std::string reason);

}  // namespace tensorgate
