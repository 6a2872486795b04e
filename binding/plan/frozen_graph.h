// From a loaded model to a session of its graph with the values of its variables in it: as
// constants where they are small, as resident weights where they are large. THREAD: load
// pool; blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "graph/freeze.h"
#include "graph/resident_weights.h"
#include "model/saved_model.h"
#include "status/status.h"

namespace tensorgate {

// The weights that become resident: below these the memory is not worth the reads of variables.
// UNITS: bytes.
struct SharedWeightsLimits {
  uint64_t weight = uint64_t{64} << 10;  // of one
  int64_t all = int64_t{4} << 20;        // of all weights of a model
};

struct FrozenGraph {
  std::string graph_def;  // serialized
  std::vector<ResidentWeight> weights;
  std::vector<TensorHandle> values;  // by the numbers of weights; in the memory of the variables
  std::vector<SignatureTensors> signatures;  // `serving_default` first, then by name
  uint32_t variables = 0;
  int64_t weight_bytes = 0;
};

// Where the graph and the values of its variables come from.
class VariableSource {
 public:
  virtual ~VariableSource() = default;
  virtual const GraphDef& graph() const = 0;
  // `values`: as `variables`; null for one that was never initialized.
  virtual Status Read(const std::vector<GraphVariable>& variables,
                      std::vector<TensorHandle>* values) = 0;
};

// Signatures that compute the same, such as those that Keras exports twice, become one: TensorFlow
// would copy all constants for each.
class ModelFreezer {
 public:
  // `source` null: the model's own session. OWNERSHIP: borrows both.
  explicit ModelFreezer(const SavedModel& model, VariableSource* source = nullptr);
  ~ModelFreezer();

  // Without a run. `without_variables`: a model that has none may be frozen, too, though TensorFlow
  // gains nothing. ERRORS: FAILED_PRECONDITION with the reason why the model cannot be frozen.
  Status Prepare(bool without_variables = false);

  // Variables that no signature needs are freed. REQUIRES: Prepare() succeeded, once. ERRORS: as
  // Prepare(), and RESOURCE_EXHAUSTED.
  Status Freeze(const SharedWeightsLimits& limits, FrozenGraph* frozen);

 private:
  struct Prepared;
  Status ReadLoaded();
  Status ReadValues(std::vector<TensorHandle>* values) const;

  const SavedModel& model_;
  VariableSource* const source_;
  std::unique_ptr<Prepared> prepared_;
};

// Both at once.
Status FreezeModel(const SavedModel& model, const SharedWeightsLimits& limits, FrozenGraph* frozen);

enum class FrozenSessionKind {
  kPlain,
  kXla,         // with the just-in-time compiler
  kTellsGraph,  // says which graph a run executed, and so keeps it: one more copy of all constants
};

std::vector<TF_Tensor*> PointersTo(const std::vector<TensorHandle>& values);

// A session that executes op by op what the frozen graph says, through none of TensorFlow's
// optimizers: what others are compared with where there is no session of the graph as it was saved.
// ERRORS: TensorFlow's status.
Status NewReferenceSession(const FrozenGraph& frozen, const std::string& config_proto,
                           std::unique_ptr<GraphSession>* session);

// `config_proto`: the model's own. ERRORS: TensorFlow's status.
Status NewFrozenSession(const FrozenGraph& frozen, const std::string& config_proto,
                        FrozenSessionKind kind, std::unique_ptr<GraphSession>* session);

}  // namespace tensorgate
