// The execution plan of a model: the graph as it was saved, or frozen, with or without XLA; run in
// the thread that calls, or by TensorFlow's pool. Chosen between the load of a version and its
// warm-up, by measuring, and adopted only if the answers agree. THREAD: load pool; blocks.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/saved_model.h"
#include "plan/frozen_graph.h"
#include "plan/openvino_engine.h"
#include "plan/plan_kind.h"
#include "plan/shared_weights_session.h"
#include "pool/load_stop.h"
#include "warmup/known_graph.h"

namespace tensorgate {

// From here on what a load frees in between counts: pages that are given back are paid for again.
// UNITS: bytes of weights.
constexpr int64_t kMuchWeight = int64_t{64} << 20;

struct PlanChoice {
  PlanKind kind = PlanKind::kAsSaved;
  bool in_caller_thread = true;
};

struct PlanOptions {
  std::optional<PlanKind> wanted;  // none: auto
  std::string refusal;             // not empty: why nothing but as-saved is possible
  std::string path;                // the version's folder
  std::string config_proto;        // as LoadOptions
  bool in_caller_thread = true;    // likewise; false stays so
  bool synthetic = true;           // --synthetic_warmup
  bool try_pool = true;            // there are CPUs for TensorFlow's pool
  uint32_t trial_millis = 300;
  bool keeps_nan = false;                 // no plan may answer NaN in another way
  std::chrono::nanoseconds load_cpu{0};   // CPU time that the load took up to here
  std::chrono::nanoseconds load_time{0};  // by the clock
  SharedWeightsLimits shared_weights;
  std::optional<PlanChoice> known;  // an earlier choice: there is no trial
  std::string known_from;           // which; it is the reason
  std::string known_graph;          // not empty: it is known of versions with this fingerprint
  // Not null: the model has no session of the graph as it was saved, only what is frozen of this;
  // `known` must be such a plan.
  VariableSource* source = nullptr;
  bool may_be_endless = true;  // a run of the graph, which then has a limit
  // Of the graph `known_graph`: what a load from the checkpoint alone takes over. Null: there is
  // none.
  std::shared_ptr<const KnownGraph> learned;
  OpenVinoOptions openvino;        // with a core: what is frozen may be run by it
  const LoadStop* stop = nullptr;  // once it is stopped nothing is adopted
};

struct PlanTime {
  PlanChoice plan;
  int64_t nanos = 0;  // of one run
};

struct PlanReport {
  PlanChoice plan;
  std::string reason;
  bool tried = false;            // a trial chose it
  bool from_checkpoint = false;  // TensorFlow's loader had no part in it: see planned_load.h
  uint32_t cases = 0;            // inputs on which the plans were compared
  double largest_difference = 0;
  std::vector<PlanTime> times;
  uint32_t variables = 0;  // that are constants now
  int64_t weight_bytes = 0;
  bool shared_weights =
      false;  // and of these the large ones are variables again, which are held once
  std::string no_shared_weights;  // why not, where it was tried
  uint32_t fused = 0;             // convolutions of that graph that took in what follows them
  std::string nan;          // how the plan answers otherwise than as-saved where the input is NaN
  std::string no_openvino;  // the signatures that it does not run, and why; where it was tried
  std::string graph;        // GraphFingerprint, where others of it may take the plan; else empty
  int64_t micros = 0;       // all of it
};

// Adopts the plan. Nothing here fails a load: in doubt the model is served as it was saved.
PlanReport ChoosePlan(SavedModel* model, const PlanOptions& options);

}  // namespace tensorgate
