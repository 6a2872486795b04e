// GraphSession: a session of a serialized graph. TensorFlow's other way, a TF_Session, keeps the
// graph once more beside the session, and so every constant in it. Concurrent runs are allowed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "runtime/mutex.h"
#include "status/status.h"
#include "tf/handles.h"

namespace tensorgate {

// What a signature feeds and fetches.
struct SignatureTensors {
  std::vector<TF_Output> feeds;
  std::vector<TF_Output> fetches;
};

class GraphSession {
 public:
  // TensorFlow copies the graph's constants for every combination of feeds and fetches, and keeps
  // them. Beside those of signatures it gets so many from clients; then all of a signature's
  // outputs are fetched where a client wants some.
  static constexpr size_t kMaxOtherCombinations = 8;

  // `signatures`: all that may be fed and fetched, as tensors of another graph that has nodes of
  // the same names. `config`: serialized tensorflow.ConfigProto. ERRORS: TensorFlow's status.
  static Status Create(std::string_view config, std::string_view graph_def,
                       std::vector<SignatureTensors> signatures,
                       std::unique_ptr<GraphSession>* out);
  ~GraphSession();
  GraphSession(const GraphSession&) = delete;
  GraphSession& operator=(const GraphSession&) = delete;

  // As TF_SessionRun, without targets. ERRORS: those in `status`; FAILED_PRECONDITION for what is
  // none of the signatures' tensors.
  void Run(const TF_Buffer* run_options, const std::vector<TF_Output>& feeds,
           const std::vector<TF_Tensor*>& inputs, const std::vector<TF_Output>& fetches,
           std::vector<TF_Tensor*>* outputs, TF_Status* status) const;

  // Combinations that clients made, for tests.
  size_t other_combinations() const;

 private:
  struct Endpoint {
    TF_Output output;
    std::string name;
  };

  GraphSession() = default;
  const Endpoint* Find(const TF_Output& output) const;
  // Any order gives the same.
  uint64_t KeyOf(const std::vector<TF_Output>& feeds, const std::vector<TF_Output>& fetches) const;
  // The signature to run instead; null: what was asked for is run as it is.
  const SignatureTensors* InsteadOf(const std::vector<TF_Output>& feeds,
                                    const std::vector<TF_Output>& fetches) const;
  void RunAsAsked(const TF_Buffer* run_options, const std::vector<TF_Output>& feeds,
                  const std::vector<TF_Tensor*>& inputs, const std::vector<TF_Output>& fetches,
                  std::vector<TF_Tensor*>* outputs, TF_Status* status) const;

  std::vector<SignatureTensors> signatures_;
  std::vector<Endpoint> endpoints_;  // sorted, found by binary search
  std::unordered_set<uint64_t> of_signatures_;
  mutable Mutex mutex_;
  mutable std::unordered_set<uint64_t> others_ GUARDED_BY(mutex_);
  TF_DeprecatedSession* session_ = nullptr;
};

}  // namespace tensorgate
