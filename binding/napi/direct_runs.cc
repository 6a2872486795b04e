#include "napi/direct_runs.h"

#include <algorithm>
#include <utility>

#include "napi/environment.h"
#include "napi/process.h"

namespace tensorgate {

DirectRuns::DirectRuns(DirectRunOwner* owner, uv_handle_t* wake,
                       std::shared_ptr<MemoryBudget> budget)
    : owner_(owner), queue_(std::make_shared<DirectQueue>(wake, std::move(budget))) {}

void DirectRuns::Start(std::unique_ptr<DirectRun> run) {
  ++count_;
  if (run->is_short()) {
    short_.push_back(std::move(run));
    return;
  }
  std::vector<std::unique_ptr<DirectRun>> alone;
  alone.push_back(std::move(run));
  Post(std::move(alone));
}

void DirectRuns::Post(std::vector<std::unique_ptr<DirectRun>> runs) {
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
void DirectRuns::PostShort() {
  if (short_.empty()) return;
  WorkerPool& pool = Process::Get().runs;
  if (short_.size() == 1 && (count_ == 1 || pool.IsBusy()) && short_.front()->RunHere()) {
    finished_.swap(short_);
    return Answer();
  }
  const size_t threads = pool.threads();
  const size_t share = (short_.size() + threads - 1) / threads;
  const size_t most = std::min(share, DirectBurst::kMostRuns);
  std::vector<std::unique_ptr<DirectRun>> runs;
  for (std::unique_ptr<DirectRun>& run : short_) {
    runs.push_back(std::move(run));
    if (runs.size() == most) Post(std::exchange(runs, {}));
  }
  short_.clear();
  if (!runs.empty()) Post(std::move(runs));
}

void DirectRuns::Collect() {
  queue_->Take(&finished_);
  Answer();
}

void DirectRuns::Answer() {
  // Taken first: what an answer sets off may end further runs.
  std::vector<std::unique_ptr<DirectRun>> ended;
  ended.swap(finished_);
  count_ -= ended.size();
  for (std::unique_ptr<DirectRun>& run : ended) owner_->OnRunEnded(std::move(run));
  ended.clear();
  if (finished_.empty()) finished_.swap(ended);  // for its memory
}

bool DirectRuns::TakePosted() { return std::exchange(posted_, false); }

void DirectRuns::Close() {
  short_.clear();
  queue_->Close();
}

}  // namespace tensorgate
