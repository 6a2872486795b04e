// CompiledModel: a model made ready for the CPU, and the requests that run it. Any thread, several
// at once; of one stream, one run at a time: others wait for it inside.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "openvino/infer_request.h"
#include "openvino/port.h"

namespace tensorgate::openvino {

// Bytes of weights; below, a file costs more than their memory.
constexpr size_t kMapsFrom = size_t{1} << 20;

struct CompileOptions {
  // Runs at the same time. With 1, a run is executed by the thread that asks for it; with more, by
  // as many threads of OpenVINO's, while the one that asks waits, 4 to 40 us longer. Streams share
  // their weights. Without maps_weights, which are then few, up to four of them are therefore
  // models of their own, of one stream each; further runs at the same time are those threads'.
  int streams = 1;
  // Of all streams together; more streams than threads are cut down to these.
  int threads = 1;
  // In which it computes: "f32", "bf16" or "f16". Never its own choice.
  std::string precision = "f32";
  std::string performance_hint = "LATENCY";
  // Where compiled models are kept and found again; empty: nowhere.
  std::string cache_dir;
  // Worth it from kMapsFrom on. It is compiled into a file and read back, whose pages then hold its
  // weights: otherwise it holds them twice. Without a cache_dir the file is gone at once, but for
  // those pages.
  bool maps_weights = false;
};

class CompiledModel {
 public:
  // OWNERSHIP: takes the object. ERRORS: INTERNAL.
  static Status Of(CompiledModelHandle object, std::unique_ptr<CompiledModel>* out);

  const std::vector<Port>& inputs() const { return inputs_; }
  const std::vector<Port>& outputs() const { return outputs_; }
  // As Model's.
  int FindInput(const std::string& name) const;
  int FindOutput(const std::string& name) const;

  // Gives its request back to the model, which then has it for others. Must not outlive the model.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept
        : model_(std::exchange(other.model_, nullptr)),
          of_copy_(other.of_copy_),
          request_(std::move(other.request_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (model_ != nullptr) model_->GiveBack(std::move(request_), of_copy_);
    }
    InferRequest* operator->() { return request_.get(); }

   private:
    friend class CompiledModel;
    const CompiledModel* model_ = nullptr;
    bool of_copy_ = false;
    std::unique_ptr<InferRequest> request_;
  };

  // A request that nobody else has: one of before, or a new one. ERRORS: INTERNAL.
  Status Take(Lease* lease) const;

  // It was found in the cache.
  bool IsFromCache() const { return Property("LOADED_FROM_CACHE") == "YES"; }

  // OWNERSHIP: takes the same model once more, of one stream, whose request is taken before others.
  // ERRORS: INTERNAL. Before the first Take().
  Status AddCopy(CompiledModelHandle copy);

  // As OpenVINO writes it ("NUM_STREAMS": "1"); empty where it has none.
  std::string Property(const char* key) const;

 private:
  explicit CompiledModel(CompiledModelHandle object) : object_(std::move(object)) {}
  Status NewRequest(CompiledModelObject* object, std::unique_ptr<InferRequest>* request) const;
  void GiveBack(std::unique_ptr<InferRequest> request, bool of_copy) const;

  CompiledModelHandle object_;
  std::vector<CompiledModelHandle> copies_;
  std::vector<Port> inputs_;
  std::vector<Port> outputs_;
  mutable std::mutex mutex_;
  // They go before the models.
  mutable std::vector<std::unique_ptr<InferRequest>> idle_;
  mutable std::vector<std::unique_ptr<InferRequest>> idle_of_copies_;
};

}  // namespace tensorgate::openvino
