// OpenVinoEngine: signatures of a frozen graph, computed by OpenVINO. Models for the shapes that
// requests have are compiled beside the requests, on the load pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/saved_model.h"
#include "model/signature_engine.h"
#include "openvino/core.h"
#include "plan/frozen_graph.h"
#include "plan/openvino_graph.h"
#include "pool/worker_pool.h"
#include "status/status.h"

namespace tensorgate {

struct OpenVinoOptions {
  std::string library;     // as Core::Get(); empty: there is no such engine
  bool is_wanted = false;  // it runs what it can, whatever the times are
  int threads = 1;         // that run at the same time
  int cpus = 1;            // for a run that has them all
  std::string precision = "f32";
  std::string cache_dir;        // as CompileOptions
  WorkerPool* loads = nullptr;  // on which shapes that requests have are compiled
};

class OpenVinoEngine final : public SignatureEngine {
 public:
  // Takes the signatures that it can. `refusals`: of each other, its name and why. `frozen`: of
  // `model`. `in_caller_thread`: as many runs at a time as there are threads, each by one; else one
  // at a time, by all CPUs. THREAD: load pool; blocks. ERRORS: as Core::Get(); FAILED_PRECONDITION
  // where it can take none.
  static Status Make(const SavedModel& model, const FrozenGraph& frozen,
                     const OpenVinoOptions& options, bool in_caller_thread,
                     std::unique_ptr<OpenVinoEngine>* engine, std::string* refusals);

  bool Run(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
           const std::vector<TF_Output>& fetches,
           std::vector<TensorHandle>* outputs) const override;
  void LeftTook(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
                std::chrono::nanoseconds time) const override;
  void ProveRows(const std::vector<TF_Output>& feeds,
                 const std::vector<TF_Output>& fetches) override;
  void Rename(const std::unordered_map<TF_Operation*, TF_Operation*>& operations) override;

  // Now, for inputs of these shapes. False: it is none of its signatures, or cannot be done.
  bool CompileFor(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs) const;

 private:
  struct EngineSignature {
    std::vector<TF_Output> feeds;
    std::vector<TF_Output> fetches;
    std::shared_ptr<OpenVinoGraph> graph;  // shared with what compiles
    bool has_rows = false;                 // that are proven not to depend on each other
  };

  OpenVinoEngine() = default;
  // The signature with these feeds, and what is fed in its order. False: there is none.
  bool Find(const std::vector<TF_Output>& feeds, const std::vector<TF_Tensor*>& inputs,
            const EngineSignature** found, std::vector<const TF_Tensor*>* sorted) const;

  WorkerPool* loads_ = nullptr;
  std::vector<EngineSignature> signatures_;
};

}  // namespace tensorgate
