// GraphSession: a session of a serialized graph. TensorFlow's other way, a TF_Session, keeps the
// graph once more beside the session, and so every constant in it. Concurrent runs are allowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "graph/resident_weights.h"
#include "model/session_weights.h"
#include "pool/mutex.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

// A tensor of another graph, by the name that it has in the session's.
struct NamedOutput {
  TF_Output output;
  std::string name;
};

// What a signature feeds and fetches.
struct SignatureTensors {
  std::vector<NamedOutput> feeds;
  std::vector<NamedOutput> fetches;
};

// RunOptions for the graph to be executed by the thread that calls.
BufferHandle OptionsToRunInCallerThread();

class GraphSession {
 public:
  // TensorFlow copies the graph's constants for every combination of feeds and fetches, and keeps
  // them. Beside those of signatures it gets so many from clients; then all of a signature's
  // outputs are fetched where a client wants some.
  static constexpr size_t kMaxOtherCombinations = 8;

  // `signatures`: all that may be fed and fetched. `config`: serialized tensorflow.ConfigProto.
  // ERRORS: TensorFlow's status.
  static Status Create(std::string_view config, std::string_view graph_def,
                       const std::vector<SignatureTensors>& signatures,
                       std::unique_ptr<GraphSession>* out);
  ~GraphSession();
  GraphSession(const GraphSession&) = delete;
  GraphSession& operator=(const GraphSession&) = delete;

  // As TF_SessionRun, without targets; `run_metadata` may be null. Feeds of several signatures may
  // be one tensor here, which is fed once. REQUIRES: such feeds have the same value, as those of
  // MultiInference do. ERRORS: those in `status`; FAILED_PRECONDITION for what is none of the
  // signatures' tensors.
  void Run(const TF_Buffer* run_options, const std::vector<TF_Output>& feeds,
           const std::vector<TF_Tensor*>& inputs, const std::vector<TF_Output>& fetches,
           std::vector<TF_Tensor*>* outputs, TF_Buffer* run_metadata, TF_Status* status) const;

  // A run apart from those of signatures, in the thread that calls unless `run_options` are given,
  // since TensorFlow's pool does not give way to requests as a load does: tensors and `targets` by
  // their names in the session's graph. `run_metadata` and `outputs`, where what is fetched goes,
  // may be null. ERRORS: TensorFlow's status.
  Status RunByName(const TF_Buffer* run_options, const std::vector<std::string>& feeds,
                   const std::vector<TF_Tensor*>& inputs, const std::vector<std::string>& fetches,
                   const std::vector<std::string>& targets, TF_Buffer* run_metadata,
                   std::vector<TensorHandle>* outputs) const;

  // Gives it its resident weights, before any run: they take the memory of `values`, found by their
  // numbers. ERRORS: TensorFlow's status.
  Status Assign(std::vector<ResidentWeight> weights, const std::vector<TF_Tensor*>& values);

  const std::vector<ResidentWeight>& weights() const { return weights_; }
  // Gives its weights these values, one for each. ERRORS: TensorFlow's status.
  Status Give(const std::vector<TF_Tensor*>& values) const;

  // For a session that has little to run: puts resident weights aside until a run needs them, which
  // then takes longer. Without them, or a disk, nothing happens. REQUIRES: nobody else has it yet.
  void PutWeightsAside();
  // Again, if they came back and no run has needed them for that long. Any thread; costs nothing as
  // a rule.
  void PutWeightsAsideAfter(std::chrono::seconds idle) const {
    if (put_aside_ != nullptr) put_aside_->PutAsideAfter(idle);
  }

  // From now on tensors are given as those of other operations. REQUIRES: no run is in flight.
  void Rename(const std::unordered_map<TF_Operation*, TF_Operation*>& operations);

  // Combinations that clients made, for tests.
  size_t other_combinations() const;

 private:
  struct Tensor {
    std::string name;
    uint64_t hash;
  };
  using Tensors = std::vector<const Tensor*>;
  struct Signature {
    Tensors feeds;
    Tensors fetches;
  };
  struct Known {
    TF_Output output;
    const Tensor* tensor;
  };

  GraphSession() = default;
  void Sort();
  bool FindAll(const std::vector<TF_Output>& outputs, Tensors* found) const;
  // Leaves the first of feeds that are the same tensor.
  static void DropTwins(Tensors* feeds, std::vector<TF_Tensor*>* inputs);
  // Whether the combination may have executors of its own. `tensors`: so many feeds, then fetches.
  bool MayRun(const Tensors& tensors, size_t feeds) const;
  // All outputs of the signature that has these; empty where none has.
  Tensors AllOutputsFor(const Tensors& tensors, size_t feeds) const;
  void RunAsAsked(const TF_Buffer* run_options, const Tensors& tensors,
                  const std::vector<TF_Tensor*>& inputs, std::vector<TF_Tensor*>* outputs,
                  TF_Buffer* run_metadata, TF_Status* status) const;

  std::deque<Tensor> tensors_;  // one for each name
  std::vector<Known> known_;    // sorted, found by binary search
  bool has_twins_ = false;      // two of them are the same tensor
  std::vector<Signature> signatures_;
  std::unordered_set<uint64_t> of_signatures_;
  mutable Mutex mutex_;
  mutable std::unordered_set<uint64_t> others_ GUARDED_BY(mutex_);
  TF_DeprecatedSession* session_ = nullptr;
  std::vector<ResidentWeight> weights_;
  std::unique_ptr<SessionWeights> put_aside_;  // null: they are always there
};

}  // namespace tensorgate
