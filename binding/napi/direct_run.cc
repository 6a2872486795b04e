#include "napi/direct_run.h"

#include <utility>

#include "napi/inference_binding.h"

namespace tensorgate {

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

void DirectQueue::Push(std::unique_ptr<DirectRun> run) {
  MutexLock lock(&mutex_);
  if (wake_ == nullptr) return;
  ready_.push_back(std::move(run));
  // Under the lock, so that the handle cannot be closed in between.
  if (ready_.size() == 1) uv_async_send(wake_);
}

Status DirectRun::Execute() {
  if (gone.load(std::memory_order_relaxed)) return Status(Code::kCancelled, "nobody waits");
  if (Clock::now() >= deadline) return DeadlinePassed();
  const std::unique_ptr<InferenceCall> inference =
      NewProtoCall(std::move(model_), method, as_tensor_content_);
  Status decoded = inference->Decode(request.bytes.view(), DecodeLimits());
  return decoded.ok() ? inference->RunAndEncode(&reply) : decoded;
}

void DirectRun::Run(std::unique_ptr<Job> self) {
  status = Execute();
  model_.reset();  // whose unload may wait for that
  // The queue must live until Push() returns, though the run may be gone by then.
  const std::shared_ptr<DirectQueue> queue = queue_;
  queue->Push(std::unique_ptr<DirectRun>(static_cast<DirectRun*>(self.release())));
}

}  // namespace tensorgate
