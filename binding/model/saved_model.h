// SavedModel: a servable of TensorFlow: graph and session, and its signatures with their graph
// endpoints looked up once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/refused_ops.h"
#include "model/graph_session.h"
#include "model/servable.h"
#include "model/signature_engine.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

struct KnownGraph;

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
  const GraphSession* frozen = nullptr;     // null: the session as it was saved
  bool in_caller_thread = true;             // false: TensorFlow's inter-op pool executes the graph
  const SignatureEngine* engine = nullptr;  // before the session; null: there is none
};

class SavedModel final : public Servable {
 public:
  using EndpointOf = std::function<TF_Output(const std::string& op, int index)>;

  // THREAD: load pool; blocks for the whole load. ERRORS: TensorFlow's status.
  static Status Load(const LoadOptions& options, std::unique_ptr<SavedModel>* out);

  // A model that has no session yet: nothing may be run before one is adopted. `endpoint_of`: where
  // in `graph`, which only gives endpoints their identities, an output of that op is. ERRORS:
  // DATA_LOSS when the bytes are not a MetaGraphDef. REQUIRES: a run of the graph changes nothing.
  static Status WithoutSession(const LoadOptions& options, std::string_view meta_graph_def,
                               GraphHandle graph, const EndpointOf& endpoint_of,
                               std::unique_ptr<SavedModel>* out);
  // Before the model is shared. OWNERSHIP: the model's. The session is null once another was
  // adopted.
  TF_Graph* graph() const { return graph_.get(); }
  TF_Session* session() const { return session_.get(); }

  // From now on all runs go to `engine`, unless it is null, and what it does not take to `frozen`,
  // which has the graph's values in it, and the session and the graph with which the model was
  // loaded are freed; with null they stay. REQUIRES: no engine without `frozen`. The endpoints of
  // the signatures are other ones afterwards. REQUIRES: no run is in flight, and nobody else has
  // the model.
  void Adopt(std::unique_ptr<GraphSession> frozen, bool in_caller_thread,
             std::unique_ptr<SignatureEngine> engine = nullptr);

  // Before the model is shared. What is known of its graph lives as long as the model.
  void Keep(std::shared_ptr<const KnownGraph> known) { known_graph_ = std::move(known); }
  // Before the model is shared: from here on its runs are those of requests, which a profile has.
  // THREAD: load pool; beside an engine, what the session holds goes into a file.
  void Serve();
  // Before the model is shared: nodes that no SessionRun may reach.
  void Refuse(RefusedNodes nodes) { refused_nodes_ = std::move(nodes); }
  // Why not: what it would run; null when it may.
  const std::string* WhyRefused(std::string_view operation) const {
    const auto found = refused_nodes_.find(operation);
    return found == refused_nodes_.end() ? nullptr : &found->second;
  }
  // Null when the graph has no operation of that name.
  TF_Operation* FindOperation(const std::string& name) const;
  const SavedModel* AsSavedModel() const override { return this; }
  void ProveRows(size_t signature) override;

  // ERRORS: TensorFlow's status.
  Status Run(const std::vector<Endpoint>& feeds, const std::vector<TF_Tensor*>& inputs,
             const std::vector<Endpoint>& fetches,
             std::vector<TensorHandle>* outputs) const override;

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

 private:
  SavedModel() = default;
  Status ReadSignatures(const LoadOptions& options, std::string_view meta_graph_def,
                        const EndpointOf& endpoint_of);
  Status RunSession(const GraphSession* frozen, const TF_Buffer* run_options,
                    const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
                    const std::vector<TF_Output>& fetches, const TF_Operation* const* targets,
                    size_t target_count, TF_Buffer* run_metadata,
                    std::vector<TensorHandle>* outputs) const;
  // As RunSession, a run of a request's, for the profile that is open.
  Status RunProfiled(const TF_Buffer* run_options, const std::vector<TF_Output>& feeds,
                     const std::vector<TF_Tensor*>& inputs, const std::vector<TF_Output>& fetches,
                     const TF_Operation* const* targets, size_t target_count,
                     std::vector<TensorHandle>* outputs) const;

  bool serves_ = false;
  RefusedNodes refused_nodes_;
  BufferHandle run_options_;
  GraphHandle graph_;  // as saved: what the endpoints of signatures belong to
  SessionHandle session_;
  std::unique_ptr<GraphSession> frozen_;     // in place of session_
  std::unique_ptr<SignatureEngine> engine_;  // before it
  std::shared_ptr<const KnownGraph> known_graph_;
};

}  // namespace tensorgate
