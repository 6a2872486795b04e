// ValueFlow: where the value of a tensor goes and where it comes from, through functions, branches
// and loops. Follows ops that hand elements on, not those that compute. Knows no TensorFlow; one
// thread at a time. Views point into the GraphDef, which must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "graph/graph_def.h"

namespace tensorgate {

class ValueFlow {
 public:
  // A graph, or a function as it is called from one place.
  struct Scope;

  struct Value {
    const Scope* scope = nullptr;
    std::string_view node;
    std::string output = "*";  // as an input names it behind the node: "", ":1", ":y:0"; "*": any
    bool is_whole = true;      // has the shape that the value had where it came from
    bool is_exact = true;      // and its elements, in whatever order or number
  };

  // An op that reads a value as its input `slot`.
  using OnUse = std::function<void(const Value& value, const Node& node, size_t slot)>;

  explicit ValueFlow(const GraphDef& graph);
  ~ValueFlow();

  const Scope* graph() const { return graph_scope_; }

  // From now on Follow() leaves out what these nodes of the graph do not need.
  void Need(const std::vector<std::string_view>& nodes);

  // Calls `on_use` for all that reads the value, or what it becomes on its way.
  void Follow(const Value& from, const OnUse& on_use) { FollowIn(from, &needed_, on_use); }
  // Likewise, be it needed or not.
  void FollowAll(const Value& from, const OnUse& on_use) { FollowIn(from, nullptr, on_use); }

  // The node that makes what a node of `scope` reads as `input`, and where that one is; null where
  // it is computed in a called function, or given to the graph.
  const Node* Source(const Scope* scope, std::string_view input, const Scope** at) const;

  // False where nothing says it. Dimensions that are unknown are -1.
  bool ShapeOf(const Scope* scope, std::string_view input, std::vector<int64_t>* dims) const;

  // How inputs in that scope name one of several outputs: by its number, or by group and number.
  static std::string OutputName(const Scope* scope, std::string_view group, size_t in_group,
                                size_t number);

 private:
  struct Body;
  struct Use {
    const Node* node;  // null: the function's output `slot`
    size_t slot;
    std::string_view output;
  };
  enum class Reach { kNowhere, kElements, kShape, kBoth };
  struct Rule {
    std::string_view op;
    int slot;  // that is handed on; -1: all
    Reach reach;
  };

  void FollowIn(const Value& from, const std::unordered_set<std::string_view>* needed,
                const OnUse& on_use);
  static Reach ReachOf(std::string_view op, size_t slot);
  const Body* BodyOf(std::string_view function);
  const Scope* Enter(const Scope* caller, const Node* call, std::string_view function,
                     size_t first_arg);
  void FollowCall(const Value& value, const Node& node, size_t slot, std::vector<Value>* waiting);
  void FollowReturn(const Value& value, size_t output, std::vector<Value>* waiting) const;

  std::unordered_map<std::string_view, const Function*> functions_;
  std::map<std::string_view, std::unique_ptr<Body>> bodies_;
  std::map<std::tuple<const Scope*, const Node*, std::string_view>, std::unique_ptr<Scope>> scopes_;
  const Scope* graph_scope_;
  std::unordered_set<std::string_view> needed_;
  size_t steps_left_;  // of all ways together: a graph may have more ways than anyone can go
};

}  // namespace tensorgate
