// StateChanges: whether a run may leave something behind: a changed variable or table, a moved
// random generator or queue, a written file. Says so of every op it does not know to be harmless.
// Asked for, also whether the same inputs may have other outputs in another run.
// One thread at a time, while nobody changes the graph.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tf/handles.h"

namespace tensorgate {

class StateChanges {
 public:
  // `or_other_outputs`: ops count, too, whose outputs are no function of their inputs, though they
  // change nothing: they draw random numbers, or read files.
  explicit StateChanges(TF_Graph* graph, bool or_other_outputs = false);
  ~StateChanges();

  // Looks at every op that the fetches need, through inputs, control inputs and the bodies of
  // called functions. An op is harmless when TensorFlow has it registered as stateless, without
  // inputs by reference, or when it is listed in state_changes.cc as one that only reads.
  // REQUIRES: every fetch has an oper.
  bool MayHappen(const std::vector<TF_Output>& fetches);
  // The op or function for which MayHappen() last said so.
  const std::string& culprit() const { return culprit_; }

 private:
  struct OpType {
    bool may_change = true;        // until it is known, the worst
    bool calls_functions = false;  // has attributes that name functions
  };
  struct Function;

  // The worst, since nothing is known of that op or function.
  bool Unknown(const std::string& name);
  const OpType& TypeOf(const std::string& op_type);
  bool CalledFunctionsOf(TF_Operation* oper, std::vector<std::string>* names) const;
  bool MayChange(std::vector<std::string> names);
  bool MayBodyChange(Function* function);

  TF_Graph* const graph_;
  const bool or_other_outputs_;
  std::map<std::string, OpType> op_types_;
  std::map<std::string, Function> functions_;
  std::string culprit_;
};

}  // namespace tensorgate
