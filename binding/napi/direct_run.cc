#include "napi/direct_run.h"

#include <utility>

#include "model/run_pace.h"
#include "napi/inference_binding.h"
#include "napi/process.h"

namespace tensorgate {
namespace {

constexpr std::chrono::microseconds kShort{50};

// A run of more is never on the loop: its inputs are too large.
constexpr size_t kMostBytesHere = 2 * RunPace::kSmallInputBytes;

}  // namespace

void DirectQueue::Close() {
  std::vector<std::unique_ptr<DirectRun>> dropped;
  MutexLock lock(&mutex_);
  wake_ = nullptr;
  dropped.swap(ready_);
}

void DirectQueue::HandOut(ptrdiff_t runs) {
  MutexLock lock(&mutex_);
  handed_out_ += runs;
}

void DirectQueue::AwaitAll() {
  MutexLock lock(&mutex_);
  while (handed_out_ > 0) all_back_.Wait(&mutex_);
}

void DirectQueue::Take(std::vector<std::unique_ptr<DirectRun>>* out) {
  MutexLock lock(&mutex_);
  out->swap(ready_);
}

void DirectQueue::Push(std::vector<std::unique_ptr<DirectRun>>* runs) {
  std::vector<std::unique_ptr<DirectRun>> dropped;
  MutexLock lock(&mutex_);
  handed_out_ -= static_cast<ptrdiff_t>(runs->size());
  if (handed_out_ == 0) all_back_.NotifyAll();
  if (wake_ == nullptr) {
    dropped.swap(*runs);
    return;
  }
  const bool was_empty = ready_.empty();
  for (std::unique_ptr<DirectRun>& run : *runs) ready_.push_back(std::move(run));
  runs->clear();
  // Under the lock, so that the handle cannot be closed in between.
  if (was_empty) uv_async_send(wake_);
}

Status DirectRun::Decode() {
  if (inference_ != nullptr) return Status();
  inference_ = new_call_(std::move(model_), method, as_content_);
  inference_->SetClients();
  inference_->SetCacheUse(cache_use_);
  Status decoded = inference_->Decode(request.bytes.view(), DecodeLimits());
  track_.Pass(RequestStage::kDecode);
  return decoded;
}

bool DirectRun::is_short() const { return statistics->recent_request.is_below(kShort); }

bool DirectRun::RunHere() {
  if (!RunPace::IsOn() || request.bytes.view().size() > kMostBytesHere) return false;
  const Clock::time_point began = Clock::now();
  track_.Pass(RequestStage::kQueue, began);
  status = Decode();
  if (status.ok()) {
    if (inference_->FindAnswer(RunBy::kPool) != nullptr || !inference_->IsShort()) return false;
    status = inference_->RunOnLoop(&reply);
  }
  End(began);
  return true;
}

bool DirectRun::Run(std::shared_ptr<Flight>* awaited) {
  const Clock::time_point began = Clock::now();
  track_.Pass(RequestStage::kQueue, began);
  if (gone_.load(std::memory_order_relaxed)) {
    status = Status(Code::kCancelled, "nobody waits");
  } else if (began >= deadline) {
    status = DeadlinePassed();
  } else {
    status = Decode();
    if (status.ok()) {
      *awaited = inference_->FindAnswer(RunBy::kPool);
      if (*awaited != nullptr) return false;
      status = inference_->RunAndEncode(&reply);
    }
  }
  return End(began) < kShort;
}

DirectRun::Clock::duration DirectRun::End(Clock::time_point began) {
  const bool is_tracked = track_.is_on();
  if (is_tracked) EndTrack();
  // Of a model whose answers are kept some take as long as they do, others nothing.
  const bool had_answer = inference_ != nullptr && inference_->answer_bytes() > 0;
  inference_.reset();
  model_.reset();  // whose unload may wait for that
  if (!is_tracked) ended_ = Clock::now();
  const Clock::duration took = ended_ - began;
  if (!had_answer) statistics->recent_request.Record(took);
  return took;
}

// Takes the time for both: one more would be felt.
void DirectRun::EndTrack() {
  ended_ = Clock::now();
  if (inference_ == nullptr) {
    track_.End(nullptr, *model_, status.code(), ended_);
    return;
  }
  track_.PassRun(inference_->run_time(), ended_);
  track_.End(inference_->signature(), inference_->model(), status.code(), ended_);
}

void DirectRun::Refuse(Status why) {
  status = std::move(why);
  if (track_.is_on()) EndTrack();
}

void DirectBurst::Run(std::unique_ptr<Job>) {
  std::vector<std::unique_ptr<DirectRun>> done;
  done.reserve(runs_.size());
  for (std::unique_ptr<DirectRun>& run : runs_) {
    std::shared_ptr<Flight> awaited;
    const bool was_short = run->Run(&awaited);
    if (awaited != nullptr) {
      std::vector<std::unique_ptr<DirectRun>> one;
      one.push_back(std::move(run));
      awaited->Await(&Process::Get().runs, std::make_unique<DirectBurst>(queue_, std::move(one)));
      continue;
    }
    done.push_back(std::move(run));
    if (!was_short) queue_->Push(&done);
  }
  if (!done.empty()) queue_->Push(&done);
}

}  // namespace tensorgate
