// RequestTrack: one request on its way through its stages, for the RequestStatistics of its
// version, and for its trace where it has one. Where it has neither it does nothing, and asks for
// no time. THREAD: any, one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "call/inference_call.h"
#include "model/request_statistics.h"
#include "model/servable.h"
#include "model/stage_spans.h"

namespace tensorgate {

class RequestTrack {
 public:
  using Clock = std::chrono::steady_clock;

  RequestTrack() = default;
  // It came, whole, at `began`. REQUIRES: the model outlives the track, or the end of the request.
  RequestTrack(const Servable& model, Method method, Clock::time_point began)
      : statistics_(model.request_statistics()), method_(method), began_(began), mark_(began) {
    if (statistics_ != nullptr) statistics_->Enter();
  }
  // Now. `is_traced`: with StageSpans.
  RequestTrack(const Servable& model, Method method, bool is_traced)
      : RequestTrack(model, method,
                     model.request_statistics() == nullptr && !is_traced ? Clock::time_point()
                                                                         : Clock::now()) {
    if (is_traced) KeepSpans();
  }
  RequestTrack(RequestTrack&& other) noexcept { *this = std::move(other); }
  RequestTrack& operator=(RequestTrack&& other) noexcept {
    Drop();
    statistics_ = std::exchange(other.statistics_, nullptr);
    method_ = other.method_;
    began_ = other.began_;
    mark_ = other.mark_;
    stages_ = other.stages_;
    spans_ = std::move(other.spans_);
    return *this;
  }
  ~RequestTrack() { Drop(); }

  // Before the first stage.
  void KeepSpans() { spans_ = std::make_unique<StageSpans>(); }

  bool is_on() const { return statistics_ != nullptr || spans_ != nullptr; }

  // Null: it is not traced, or they were taken.
  std::unique_ptr<StageSpans> TakeSpans() { return std::move(spans_); }

  // Since the last mark it was in `stage`; a new mark.
  void Pass(RequestStage stage, Clock::time_point now) {
    if (!is_on()) return;
    Add(stage, mark_, now - mark_);
    mark_ = now;
  }
  void Pass(RequestStage stage) {
    if (is_on()) Pass(stage, Clock::now());
  }
  // A new mark: what was since the last one is of no stage.
  void Mark() {
    if (is_on()) mark_ = Clock::now();
  }
  // Since the last mark its answer was made of a run of that time, which others had a part in and
  // which ended at `ran`.
  void PassAnswer(std::chrono::nanoseconds run_time, Clock::time_point ran) {
    if (!is_on()) return;
    Add(RequestStage::kRun, ran - run_time, run_time);
    Pass(RequestStage::kEncode);
  }
  // The session ran that long since the mark, the rest was for the answer. 0: it never ran.
  void PassRun(std::chrono::nanoseconds run_time, Clock::time_point now) {
    if (!is_on() || run_time.count() == 0) return;
    Add(RequestStage::kRun, mark_, run_time);
    mark_ += run_time;
    Pass(RequestStage::kEncode, now);
  }
  void PassRun(std::chrono::nanoseconds run_time) {
    if (is_on()) PassRun(run_time, Clock::now());
  }
  // It is over: counted, and in flight no more. `signature`: null where it has none.
  void End(const Signature* signature, const Servable& model, Code code, Clock::time_point now) {
    if (statistics_ == nullptr) return;
    const std::ptrdiff_t index = signature == nullptr ? -1 : signature - model.signatures().data();
    statistics_->Record(index, method_, code, now - began_, stages_);
    Drop();
  }
  void End(const InferenceCall& call, Code code) {
    if (statistics_ != nullptr) End(call.signature(), call.model(), code, Clock::now());
  }

 private:
  void Add(RequestStage stage, Clock::time_point began, std::chrono::nanoseconds time) {
    if (spans_ != nullptr) spans_->Add(stage, began, began + time);
    std::chrono::nanoseconds& known = stages_[static_cast<size_t>(stage)];
    known = (known.count() < 0 ? std::chrono::nanoseconds(0) : known) + time;
  }

  void Drop() {
    if (statistics_ != nullptr) statistics_->Leave();
    statistics_ = nullptr;
  }

  static constexpr std::chrono::nanoseconds kNever{-1};

  RequestStatistics* statistics_ = nullptr;
  Method method_ = Method::kPredict;
  Clock::time_point began_;
  Clock::time_point mark_;
  StageTimes stages_ = {kNever, kNever, kNever, kNever};
  std::unique_ptr<StageSpans> spans_;
};

}  // namespace tensorgate
