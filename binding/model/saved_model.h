// SavedModel: one loaded version of one model: TensorFlow's graph and session, its signatures with
// their graph endpoints looked up once. After load only counts and limits change, so runs need no
// lock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json/json_predict.h"
#include "graph/refused_ops.h"
#include "logging/model_logger.h"
#include "model/direct_admission.h"
#include "model/graph_session.h"
#include "model/request_statistics.h"
#include "model/run_pace.h"
#include "model/run_statistics.h"
#include "model/signature.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

struct KnownGraph;
struct SyntheticSpec;

// A signature whose tensor names have been resolved to graph endpoints.
struct BoundSignature {
  SignatureDef def;
  std::vector<TF_Output> inputs;   // as def.inputs; oper is null when the graph has no such tensor
  std::vector<TF_Output> outputs;  // as def.outputs, likewise
  std::vector<InputSpec> input_specs;  // as def.inputs, base types: what the JSON decoder reads
  std::vector<TensorHandle>
      defaults;              // as def.inputs: the value when a request leaves it out, or null
  bool rows_proven = false;  // independent of each other; see SavedModel::ProveRows
  std::unique_ptr<RunPace> pace = std::make_unique<RunPace>();
  std::shared_ptr<SyntheticSpec> synthetic;  // null: nothing is known of what its inputs hold
  bool has_defaults() const { return !def.defaults.empty(); }
  // Some, and the graph has all of them.
  bool has_outputs() const;
};

struct LoadOptions {
  std::string name;     // the servable's; echoed in responses
  int64_t version = 0;  // likewise
  std::string path;     // the version's directory
  std::vector<std::string> tags;
  std::string config_proto;            // serialized tensorflow.ConfigProto
  bool check_method_names = false;     // --enable_signature_method_name_check
  bool run_in_caller_thread = true;    // false: TensorFlow's inter-op pool executes the graph
  std::vector<RefusedOp> refused_ops;  // --refuse_ops
};

// How a model's runs are executed.
struct Execution {
  const GraphSession* frozen = nullptr;  // null: the session as it was saved
  bool in_caller_thread = true;          // false: TensorFlow's inter-op pool executes the graph
};

class SavedModel {
 public:
  using EndpointOf = std::function<TF_Output(const std::string& op, int index)>;

  // THREAD: load pool; blocks for the whole load. ERRORS: TensorFlow's status.
  static Status Load(const LoadOptions& options, std::unique_ptr<SavedModel>* out);

  // A model that has no session yet: nothing may be run before one is adopted. `endpoint_of`: where
  // in `graph`, which only gives endpoints their identities, an output of that op is. ERRORS:
  // DATA_LOSS when the bytes are not a MetaGraphDef.
  static Status WithoutSession(const LoadOptions& options, std::string_view meta_graph_def,
                               GraphHandle graph, const EndpointOf& endpoint_of,
                               std::unique_ptr<SavedModel>* out);
  ~SavedModel();
  SavedModel(const SavedModel&) = delete;
  SavedModel& operator=(const SavedModel&) = delete;

  const std::string& name() const { return name_; }
  int64_t version() const { return version_; }
  bool checks_method_names() const { return checks_method_names_; }
  // Of all versions of this name; it outlives the model.
  ModelStatistics& statistics() const { return *statistics_; }
  // Likewise.
  ModelLogger* logger() const { return logger_; }
  // Of this version; null: its requests are not counted.
  RequestStatistics* request_statistics() const { return request_statistics_.get(); }
  const std::string& signature_def_map() const { return signature_def_map_; }
  const std::vector<BoundSignature>& signatures() const { return signatures_; }
  // Before the model is shared. OWNERSHIP: the model's. The session is null once another was
  // adopted.
  TF_Graph* graph() const { return graph_.get(); }
  TF_Session* session() const { return session_.get(); }

  // From now on all runs go to `frozen`, which has the graph's values in it, and the session and
  // the graph with which the model was loaded are freed; with null they stay. The endpoints of the
  // signatures are other ones afterwards. REQUIRES: no run is in flight, and nobody else has the
  // model.
  void Adopt(std::unique_ptr<GraphSession> frozen, bool in_caller_thread);

  // `serving_default` first, then the names in order.
  std::vector<const BoundSignature*> SignaturesInOrder() const;
  // Before the model is shared: from here on only signatures whose rows are proven share runs.
  void RequireProvenRows() { requires_proven_rows_ = true; }
  void ProveRows(size_t signature) { signatures_[signature].rows_proven = true; }
  bool requires_proven_rows() const { return requires_proven_rows_; }
  // Before the model is shared. What is known of its graph lives as long as the model.
  void Keep(std::shared_ptr<const KnownGraph> known) { known_graph_ = std::move(known); }
  // Before the model is shared: nodes that no SessionRun may reach.
  void Refuse(RefusedNodes nodes) { refused_nodes_ = std::move(nodes); }
  // Why not: what it would run; null when it may.
  const std::string* WhyRefused(std::string_view operation) const {
    const auto found = refused_nodes_.find(operation);
    return found == refused_nodes_.end() ? nullptr : &found->second;
  }
  // Before the model is shared. REQUIRES: a signature of this model.
  void SetSynthetic(const BoundSignature& signature, std::shared_ptr<SyntheticSpec> spec);

  // Null when the model has no signature of that name.
  const BoundSignature* FindSignature(std::string_view name) const;

  // Null when the graph has no operation of that name.
  TF_Operation* FindOperation(const std::string& name) const;
  // `got "c", expected one of "a", "b"`: the violation of a request that names no signature of it.
  std::string UnknownSignature(std::string_view name) const;

  // THREAD: run pool; blocks for the whole inference; concurrent calls allowed.
  // OWNERSHIP: borrows inputs, fills outputs. ERRORS: TensorFlow's status; outputs then stays
  // empty. REQUIRES: endpoints with an oper; `inputs` as `feeds`.
  Status Run(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
             const std::vector<TF_Output>& fetches, std::vector<TensorHandle>* outputs) const;

  // As Run, and executes `targets`. UNITS: a timeout of 0 is none; with one, TensorFlow's inter-op
  // pool executes the graph, so that TensorFlow can end the run at that time.
  Status RunTargets(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
                    const std::vector<TF_Output>& fetches,
                    const std::vector<const TF_Operation*>& targets, uint32_t timeout_millis,
                    std::vector<TensorHandle>* outputs) const;

  // As Run, in another way than the adopted one. UNITS: as RunTargets.
  Status RunAs(const Execution& execution, uint32_t timeout_millis,
               const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
               const std::vector<TF_Output>& fetches, std::vector<TensorHandle>* outputs) const;

  // Of requests that need not enter JavaScript.
  DirectAdmission& direct_admission() const { return direct_admission_; }

  // Loaded sessions in this process; zero when all is quiet.
  static int64_t LiveCount();

 private:
  SavedModel();
  Status ReadSignatures(const LoadOptions& options, std::string_view meta_graph_def,
                        const EndpointOf& endpoint_of);
  Status RunSession(const GraphSession* frozen, const TF_Buffer* run_options,
                    const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
                    const std::vector<TF_Output>& fetches, const TF_Operation* const* targets,
                    size_t target_count, std::vector<TensorHandle>* outputs) const;

  std::string name_;
  int64_t version_ = 0;
  bool checks_method_names_ = false;
  bool requires_proven_rows_ = false;
  ModelStatistics* statistics_ = nullptr;
  std::unique_ptr<RequestStatistics> request_statistics_;
  ModelLogger* logger_ = nullptr;
  std::string signature_def_map_;
  std::vector<BoundSignature> signatures_;  // sorted by name
  RefusedNodes refused_nodes_;
  BufferHandle run_options_;
  GraphHandle graph_;  // as saved: what the endpoints of signatures belong to
  SessionHandle session_;
  std::unique_ptr<GraphSession> frozen_;  // in place of session_
  std::shared_ptr<const KnownGraph> known_graph_;
  mutable DirectAdmission direct_admission_;
};

}  // namespace tensorgate
