// InferenceCall: one request from its bytes to the bytes of its answer. After Decode() it is run by
// RunAndEncode(), or its inputs are run together with those of others and Finish() gets its part of
// the outputs. May be called on different threads, one after the other; a call is never shared.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/cache_use.h"
#include "cache/flight.h"
#include "call/tensor_set.h"
#include "codec/limits.h"
#include "codec/method.h"
#include "codec/output_buffer.h"
#include "logging/model_logger.h"
#include "model/servable.h"
#include "status/status.h"
#include "tensor/tensor.h"
#include "tf/handles.h"

namespace tensorgate {

// What a run feeds and fetches.
struct RunArguments {
  const Signature* signature = nullptr;  // the model's; null: of several, or of none
  std::vector<Endpoint> feeds;
  std::vector<TF_Tensor*> values;  // as feeds; they belong to the call, or to its model (defaults)
  std::vector<size_t> defaults;    // feeds whose value is the signature's, not the request's
  std::vector<Endpoint> fetches;
};

class InferenceCall {
 public:
  explicit InferenceCall(std::shared_ptr<const Servable> model) : model_(std::move(model)) {}
  virtual ~InferenceCall() = default;

  // After a successful return nothing points into `body` any more. ERRORS: upstream's, in
  // upstream's order of checks; the call is then over.
  Status Decode(std::string_view body, const DecodeLimits& limits) {
    Status status = DecodeBody(body, limits);
    if (is_clients_ && status.ok() && model_->logger()->Samples()) BeginLog(body);
    return status;
  }

  // THREAD: run pool; blocks for the whole inference. REQUIRES: Decode() succeeded.
  // ERRORS: TensorFlow's status, that of the checks on its outputs, or the encoder's.
  Status RunAndEncode(OutputBuffer* out) {
    Status status = Run(out);
    if (logged_ != nullptr) EndLog(status, *out);
    return status;
  }

  // What its client wants of kept answers. Before Decode().
  void SetCacheUse(CacheUse use) { cache_use_ = use; }

  // REQUIRES of all below: Decode() succeeded.

  // Looks for the answer to an equal request, where the version keeps answers. `by`: how this one
  // would run. Null: go on with RunAndEncode(), or with Finish(). Otherwise an equal request is
  // being run: hand the job over to Flight::Await(), and ask again when it is back.
  virtual std::shared_ptr<Flight> FindAnswer(RunBy /*by*/) { return nullptr; }
  // Of the outputs that RunAndEncode() takes in place of a run; 0: there will be one.
  virtual size_t answer_bytes() const { return 0; }

  const Servable& model() const { return *model_; }

  // Null: this call never shares a run (SessionRun, whose targets are of the client's choice). The
  // values are valid until RunAndEncode() or DropInputs().
  virtual const RunArguments* arguments() const { return nullptr; }
  virtual void DropInputs() {}
  // The one that the request is of, as far as it was read; null: none, several, or not known.
  virtual const Signature* signature() const {
    const RunArguments* const run = arguments();
    return run == nullptr ? nullptr : run->signature;
  }

  // In place of RunAndEncode(), after a run that took `latency` and fetched `outputs`, in the order
  // of the fetches. REQUIRES: arguments() is not null. ERRORS: as RunAndEncode().
  Status Finish(const std::vector<TensorView>& outputs, std::chrono::nanoseconds latency,
                OutputBuffer* out) {
    Status status = FinishRun(outputs, latency, out);
    if (logged_ != nullptr) EndLog(status, *out);
    return status;
  }

  // Its inputs, for who runs them elsewhere and gives the outputs to Finish(): the call has them no
  // more. ERRORS: UNIMPLEMENTED of a call that nobody else can run.
  virtual Status TakeInputs(TensorSet* inputs);
  // The aliases of the outputs that it wants, in the order of the fetches; empty where the call is
  // none of Predict.
  virtual const std::vector<std::string_view>& fetch_names() const;

  // Of a call that keeps its outputs instead of writing an answer, after its end; else null.
  virtual std::shared_ptr<const TensorSet> TakeResults() { return nullptr; }

  // The status of a run of these inputs, with a violation for each input that explains it.
  virtual Status Explain(Status status) const { return status; }

  // What is known of runs like this one; null: nothing, or the inputs are too large for that.
  virtual RunPace* pace() const { return nullptr; }

  // Whether the event loop may run it where no other request waits.
  bool IsShort() const;

  // In place of RunAndEncode(). THREAD: an event loop's. REQUIRES: IsShort().
  Status RunOnLoop(OutputBuffer* out);

  // How long the session ran in RunAndEncode(), or what Finish() was told.
  std::chrono::nanoseconds run_time() const { return run_time_; }

  // Keeps the run out of RunStatistics: no client asked for it.
  void LeaveUncounted() { counted_ = false; }

  // A client asked for it, so that it may be logged. Before Decode().
  void SetClients() { is_clients_ = true; }

 protected:
  virtual Status DecodeBody(std::string_view body, const DecodeLimits& limits) = 0;
  virtual Status Run(OutputBuffer* out) = 0;
  virtual Status FinishRun(const std::vector<TensorView>& /*outputs*/,
                           std::chrono::nanoseconds /*latency*/, OutputBuffer* /*out*/) {
    return Status(Code::kInternal, "this call has no arguments to share");
  }

  virtual Method method() const = 0;
  // The request as a client would have sent it over gRPC; where it came so, its bytes.
  virtual Status EncodeLoggedRequest(std::string_view body, OutputBuffer* out) const;
  // Where to write the answer as gRPC has it, if it goes out as JSON and is logged; else null.
  OutputBuffer* logged_response() const {
    return logged_ == nullptr || logged_->destination == nullptr ? nullptr : &logged_->response;
  }

  // None for requests that no client asked for.
  CacheUse cache_use() const { return is_clients_ ? cache_use_ : CacheUse::kNone; }
  bool counted() const { return counted_; }
  // The session ran since `started`.
  void Ran(std::chrono::steady_clock::time_point started);

  const std::shared_ptr<const Servable> model_;
  std::chrono::nanoseconds run_time_{0};

 private:
  void BeginLog(std::string_view body);
  // `reply` is what the client gets. Failed ones are not logged.
  void EndLog(const Status& status, const OutputBuffer& reply);

  bool counted_ = true;
  bool is_clients_ = false;
  CacheUse cache_use_ = CacheUse::kAllow;
  std::unique_ptr<LoggedRequest> logged_;
};

// gRPC: PredictRequest in, PredictResponse out; outputs in `tensor_content` when `as_content`.
std::unique_ptr<InferenceCall> NewProtoPredictCall(std::shared_ptr<const Servable> model,
                                                   bool as_content);
// REST: the JSON body in, the JSON reply out.
std::unique_ptr<InferenceCall> NewJsonPredictCall(std::shared_ptr<const Servable> model);

// gRPC: Classification-, Regression- or MultiInferenceRequest in, the response out.
// REQUIRES: one of these three.
std::unique_ptr<InferenceCall> NewProtoExampleCall(std::shared_ptr<const Servable> model,
                                                   Method method);
// REST :classify and :regress. REQUIRES: one of these two.
std::unique_ptr<InferenceCall> NewJsonExampleCall(std::shared_ptr<const Servable> model,
                                                  Method method);

// gRPC: SessionRunRequest in, SessionRunResponse out.
std::unique_ptr<InferenceCall> NewSessionRunCall(std::shared_ptr<const Servable> model);

}  // namespace tensorgate
