#include "napi/direct_run.h"

#include <utility>

#include "napi/inference_binding.h"

namespace tensorgate {
namespace {

constexpr std::chrono::microseconds kShort{50};

}  // namespace

void DirectQueue::Close() {
  std::vector<std::unique_ptr<DirectRun>> dropped;
  MutexLock lock(&mutex_);
  wake_ = nullptr;
  dropped.swap(ready_);
}

void DirectQueue::Take(std::vector<std::unique_ptr<DirectRun>>* out) {
  MutexLock lock(&mutex_);
  out->swap(ready_);
}

void DirectQueue::Push(std::vector<std::unique_ptr<DirectRun>>* runs) {
  std::vector<std::unique_ptr<DirectRun>> dropped;
  MutexLock lock(&mutex_);
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

Status DirectRun::Execute() {
  if (gone.load(std::memory_order_relaxed)) return Status(Code::kCancelled, "nobody waits");
  if (Clock::now() >= deadline) return DeadlinePassed();
  const std::unique_ptr<InferenceCall> inference =
      NewProtoCall(std::move(model_), method, as_tensor_content_);
  Status decoded = inference->Decode(request.bytes.view(), DecodeLimits());
  return decoded.ok() ? inference->RunAndEncode(&reply) : decoded;
}

bool DirectRun::is_short() const { return statistics->recent_request.is_below(kShort); }

bool DirectRun::Run() {
  const Clock::time_point began = Clock::now();
  status = Execute();
  model_.reset();  // whose unload may wait for that
  const auto took = Clock::now() - began;
  statistics->recent_request.Record(took);
  return took < kShort;
}

void DirectBurst::Run(std::unique_ptr<Job>) {
  std::vector<std::unique_ptr<DirectRun>> done;
  done.reserve(runs_.size());
  for (std::unique_ptr<DirectRun>& run : runs_) {
    const bool was_short = run->Run();
    done.push_back(std::move(run));
    if (!was_short) queue_->Push(&done);
  }
  if (!done.empty()) queue_->Push(&done);
}

}  // namespace tensorgate
