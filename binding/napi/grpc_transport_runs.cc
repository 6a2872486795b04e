// GrpcTransport's requests that are run without JavaScript. THREAD: JavaScript's.
#include <algorithm>
#include <chrono>
#include <utility>

#include "napi/environment.h"
#include "napi/grpc_transport.h"
#include "napi/process.h"

namespace tensorgate {

// False: it is for JavaScript to say what is wrong, or what to do.
bool GrpcTransport::RunDirectly(GrpcCall* call, GrpcMessage* message) {
  if (call->method().inference < 0 || message->compressed) return false;
  const auto method = static_cast<Method>(call->method().inference);
  ModelSpecView spec;
  if (!ReadModelSpec(message->bytes.view(), &spec).ok()) return false;
  std::shared_ptr<const SavedModel> model = routes_.Find(spec);
  if (model == nullptr || !model->direct_admission().Admit(runs_)) return false;
  auto run = std::make_unique<DirectRun>(queue_, call, method, std::move(model),
                                         options_.as_tensor_content);
  run->request = std::move(*message);
  run->method_index = call->method().index;
  if (const uint32_t left = MillisLeft(*call); left > 0) {
    run->deadline = run->started + std::chrono::milliseconds(left);
  }
  call->tags.run = run.get();
  ++runs_;
  if (run->is_short()) {
    short_runs_.push_back(std::move(run));
  } else {
    std::vector<std::unique_ptr<DirectRun>> alone;
    alone.push_back(std::move(run));
    Post(std::move(alone));
  }
  return true;
}

void GrpcTransport::Post(std::vector<std::unique_ptr<DirectRun>> runs) {
  auto* burst = new DirectBurst(queue_, std::move(runs));
  std::unique_ptr<Job> job(burst);
  posted_ = true;
  if (Process::Get().runs.Post(&job)) return;
  for (std::unique_ptr<DirectRun>& run : burst->runs()) {
    run->status = QueueFull();
    finished_.push_back(std::move(run));
  }
  Answer();
}

// A lone one is done here and now where that takes no longer than to wait for another thread. Of
// others each thread gets as many as the others, but no more than it answers together.
void GrpcTransport::PostShortRuns() {
  WorkerPool& pool = Process::Get().runs;
  if (short_runs_.size() == 1 && (runs_ == 1 || pool.IsBusy()) && short_runs_.front()->RunHere()) {
    finished_.swap(short_runs_);
    return Answer();
  }
  const size_t threads = pool.threads();
  const size_t share = (short_runs_.size() + threads - 1) / threads;
  const size_t most = std::min(share, DirectBurst::kMostRuns);
  std::vector<std::unique_ptr<DirectRun>> runs;
  for (std::unique_ptr<DirectRun>& run : short_runs_) {
    runs.push_back(std::move(run));
    if (runs.size() == most) Post(std::exchange(runs, {}));
  }
  short_runs_.clear();
  if (!runs.empty()) Post(std::move(runs));
}

void GrpcTransport::OnRunsReady() {
  queue_->Take(&finished_);
  Answer();
  FlushDirty();
}

void GrpcTransport::Answer() {
  runs_ -= finished_.size();
  for (std::unique_ptr<DirectRun>& run : finished_) {
    GrpcCall* call = run->call;
    if (call != nullptr) call->tags.run = nullptr;
    if (run->status.ok()) {
      run->statistics->requests(run->method).Record(DirectRun::Clock::now() - run->started);
      if (call != nullptr) call->Reply(std::move(run->reply));
    } else if (call != nullptr) {
      HandOver(call, std::move(run->request), true, std::move(run->status));
    } else {
      GrpcEvent& event = AddEvent(GrpcEventKind::kCall, 0);
      event.message = std::move(run->request);
      event.has_message = true;
      event.method = run->method_index;
      event.failure = std::move(run->status);
    }
  }
  finished_.clear();
}

}  // namespace tensorgate
