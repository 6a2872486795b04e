#include "napi/direct_runs.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iterator>
#include <utility>

#include "cache/response_caches.h"
#include "napi/environment.h"
#include "napi/process.h"

namespace tensorgate {

namespace {

constexpr std::chrono::microseconds kMostTimeHere{1000};

// Of this thread's loop, which REST and gRPC share: it counts once.
thread_local size_t counted_here = 0;

}  // namespace

DirectRuns::DirectRuns(DirectRunOwner* owner, uv_handle_t* wake,
                       std::shared_ptr<MemoryBudget> budget)
    : owner_(owner), queue_(std::make_shared<DirectQueue>(wake, std::move(budget))) {}

void DirectRuns::Add(std::unique_ptr<DirectRun> run) {
  ++count_;
  added_.push_back(std::move(run));
  if (is_counted_) return;
  is_counted_ = true;
  if (counted_here++ > 0) return;
  Process::Get().loops_with_runs.fetch_add(1, std::memory_order_relaxed);
}

void DirectRuns::Post(std::vector<std::unique_ptr<DirectRun>> runs) {
  const auto count = static_cast<ptrdiff_t>(runs.size());
  auto* burst = new DirectBurst(queue_, std::move(runs));
  std::unique_ptr<Job> job(burst);
  posted_ = true;
  queue_->HandOut(count);
  if (Process::Get().runs.Post(&job)) return;
  queue_->HandOut(-count);
  for (std::unique_ptr<DirectRun>& run : burst->runs()) {
    run->Refuse(QueueFull());
    finished_.push_back(std::move(run));
  }
  Answer();
}

// How many of those that were added, from the first on, are done here and now: a lone one where
// that takes no longer than to wait for another thread; of several as many as a bounded time has
// room for, where loops like this one take as many CPUs as the pool has threads, which could but
// take turns with them.
void DirectRuns::RunSome() {
  Process& process = Process::Get();
  WorkerPool& pool = process.runs;
  if (count_ != added_.size() && !pool.IsBusy()) return;
  const size_t loops = process.loops_with_runs.load(std::memory_order_relaxed);
  if (added_.size() > 1 && pool.threads() > loops) return;
  size_t done = 0;
  DirectRun::Clock::time_point end = DirectRun::Clock::time_point::max();
  while (done < added_.size() && added_[done]->RunHere()) {
    const DirectRun::Clock::time_point ended = added_[done]->ended();
    if (done++ == 0) end = ended + kMostTimeHere;
    if (ended >= end) break;
  }
  const auto first = added_.begin();
  const auto rest = first + static_cast<std::ptrdiff_t>(done);
  finished_.insert(finished_.end(), std::make_move_iterator(first), std::make_move_iterator(rest));
  added_.erase(first, rest);
}

// Of short ones each thread gets as many as the others, but no more than it answers together.
void DirectRuns::StartAll() {
  if (added_.empty()) return;
  RunSome();
  if (!finished_.empty()) Answer();
  if (added_.empty()) return;
  WorkerPool& pool = Process::Get().runs;
  const auto is_short = [](const std::unique_ptr<DirectRun>& run) { return run->is_short(); };
  const size_t shorts = static_cast<size_t>(std::count_if(added_.begin(), added_.end(), is_short));
  const size_t threads = pool.threads();
  const size_t share = (shorts + threads - 1) / threads;
  const size_t most = std::min(share, DirectBurst::kMostRuns);
  std::vector<std::unique_ptr<DirectRun>> row;
  for (std::unique_ptr<DirectRun>& run : added_) {
    if (!is_short(run)) {
      std::vector<std::unique_ptr<DirectRun>> alone;
      alone.push_back(std::move(run));
      Post(std::move(alone));
      continue;
    }
    row.push_back(std::move(run));
    if (row.size() == most) Post(std::exchange(row, {}));
  }
  added_.clear();
  if (!row.empty()) Post(std::move(row));
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

void DirectRuns::EndTurn() {
  if (!std::exchange(is_counted_, false) || --counted_here > 0) return;
  Process::Get().loops_with_runs.fetch_sub(1, std::memory_order_relaxed);
}

void DirectRuns::Close(bool waits) {
  added_.clear();
  queue_->Close();
  if (!waits) return;
  const ResponseCaches::Pause pause;  // see Environment::Close()
  Process::Get().runs.Wake();
  queue_->AwaitAll();
}

}  // namespace tensorgate
