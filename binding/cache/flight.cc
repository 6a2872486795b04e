#include "cache/flight.h"

namespace tensorgate {

void Flight::Await(WorkerPool* pool, std::unique_ptr<Job> job) {
  {
    MutexLock lock(&mutex_);
    if (!has_ended_) {
      waiting_.emplace_back(pool, std::move(job));
      return;
    }
  }
  pool->PostAlways(std::move(job));
}

bool Flight::Admits(RunBy by) {
  if (is_task_ && by == RunBy::kTurn) return false;
  MutexLock lock(&mutex_);
  return waiting_.size() < kMostWaiting;
}

bool Flight::has_ended() {
  MutexLock lock(&mutex_);
  return has_ended_;
}

std::shared_ptr<const KeptOutputs> Flight::answer() {
  MutexLock lock(&mutex_);
  return answer_;
}

void Flight::End(std::shared_ptr<const KeptOutputs> answer) {
  std::vector<std::pair<WorkerPool*, std::unique_ptr<Job>>> waiting;
  {
    MutexLock lock(&mutex_);
    if (has_ended_) return;
    has_ended_ = true;
    answer_ = std::move(answer);
    waiting.swap(waiting_);
  }
  for (auto& [pool, job] : waiting) pool->PostAlways(std::move(job));
}

}  // namespace tensorgate
