// The execution plan of a model: the graph as it was saved, or frozen, with or without XLA; run in
// the thread that calls, or by TensorFlow's pool. Chosen between the load of a version and its
// warm-up, by measuring, and adopted only if the answers agree. THREAD: load pool; blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/lean_session.h"
#include "runtime/load_stop.h"
#include "runtime/saved_model.h"

namespace tensorgate {

enum class PlanKind { kAsSaved = 0, kFrozen = 1, kFrozenXla = 2 };

// "as-saved", "frozen", "frozen+xla": also the values of --plan, beside "auto".
const char* PlanName(PlanKind kind);

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
  LeanLimits lean;
  std::optional<PlanChoice> known;  // an earlier trial's choice: there is no other
  const LoadStop* stop = nullptr;   // once it is stopped nothing is adopted
};

struct PlanTime {
  PlanChoice plan;
  int64_t nanos = 0;  // of one run
};

struct PlanReport {
  PlanChoice plan;
  std::string reason;
  bool tried = false;  // a trial chose it
  uint32_t cases = 0;  // inputs on which the plans were compared
  double largest_difference = 0;
  std::vector<PlanTime> times;
  uint32_t variables = 0;  // that are constants now
  int64_t weight_bytes = 0;
  bool lean = false;    // and of these the large ones are variables again, which are held once
  std::string no_lean;  // why not, where it was tried
  uint32_t fused = 0;   // convolutions of the lean graph that took in what follows them
  int64_t micros = 0;   // all of it
};

// Adopts the plan. Nothing here fails a load: in doubt the model is served as it was saved.
PlanReport ChoosePlan(SavedModel* model, const PlanOptions& options);

}  // namespace tensorgate
