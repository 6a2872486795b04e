// StateChanges: whether a run may leave something behind: a changed variable or table, a moved
// random generator or queue, a written file; and whether the same inputs may have other outputs in
// another run. Says so of every op it does not know to be harmless. One thread at a time, while
// nobody changes the graph.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tf/handles.h"

namespace tensorgate {

// What a run may do beside computing its outputs from its inputs.
struct RunEffects {
  // An op or function that may leave something behind; empty: none does.
  std::string changed_by;
  // Likewise, or whose outputs are no function of its inputs, though it changes nothing: it draws
  // random numbers, or reads files.
  std::string varied_by;
};

class StateChanges {
 public:
  explicit StateChanges(TF_Graph* graph);
  ~StateChanges();

  // Looks at every op that the fetches need, through inputs, control inputs and the bodies of
  // called functions. An op is harmless when TensorFlow has it registered as stateless, without
  // inputs by reference, or when it is listed in state_changes.cc as one that only reads.
  // REQUIRES: every fetch has an oper.
  RunEffects Of(const std::vector<TF_Output>& fetches);

 private:
  struct Effects {
    bool may_change = true;  // until it is known, the worst
    bool may_vary = true;    // set where may_change is, too
  };
  struct OpType {
    Effects effects;
    bool calls_functions = false;  // has attributes that name functions
  };
  struct Function;

  // The worst, since nothing is known of that op or function.
  static RunEffects Unknown(const std::string& name) { return {name, name}; }
  const OpType& TypeOf(const std::string& op_type);
  bool CalledFunctionsOf(TF_Operation* oper, std::vector<std::string>* names) const;
  RunEffects OfCalls(std::vector<std::string> names, RunEffects found);
  Effects OfBody(Function* function, RunEffects* found);

  TF_Graph* const graph_;
  std::map<std::string, OpType> op_types_;
  std::map<std::string, Function> functions_;
};

}  // namespace tensorgate
