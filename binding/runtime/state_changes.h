// StateChanges: whether a run may leave something behind: a changed variable or table, a moved
// random generator or queue, a written file; and whether values steer it. Says so of every op it
// does not know to be harmless.
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
  explicit StateChanges(TF_Graph* graph);
  ~StateChanges();

  // Looks at every op that the fetches need, through inputs, control inputs and the bodies of
  // called functions. An op is harmless when TensorFlow has it registered as stateless, without
  // inputs by reference, or when it is listed in state_changes.cc as one that only reads.
  // REQUIRES: every fetch has an oper.
  bool MayHappen(const std::vector<TF_Output>& fetches) { return Look(fetches).may_change; }
  // The op or function for which MayHappen() last said so.
  const std::string& culprit() const { return culprit_; }

  // Whether values may decide which ops of these run, how often, or how many elements come out:
  // control flow, Where, Unique and their like, and every op that is not known. What one input
  // shows of such a graph need not hold for another.
  bool ValuesMaySteer(const std::vector<TF_Output>& fetches) { return Look(fetches).is_steered; }

 private:
  // Until an op is known, the worst.
  struct Traits {
    bool may_change = true;
    bool is_steered = true;
    void Add(const Traits& other) {
      may_change |= other.may_change;
      is_steered |= other.is_steered;
    }
  };
  static constexpr Traits kNone{false, false};
  struct OpType {
    Traits traits;
    bool calls_functions = false;  // has attributes that name functions
  };
  struct Function;

  Traits Look(const std::vector<TF_Output>& fetches);
  // The worst, since nothing is known of that op or function.
  Traits Unknown(const std::string& name);
  const OpType& TypeOf(const std::string& op_type);
  bool CalledFunctionsOf(TF_Operation* oper, std::vector<std::string>* names) const;
  Traits TraitsOfFunctions(std::vector<std::string> names);
  Traits TraitsOfBody(Function* function);

  TF_Graph* const graph_;
  std::map<std::string, OpType> op_types_;
  std::map<std::string, Function> functions_;
  std::string culprit_;
};

}  // namespace tensorgate
