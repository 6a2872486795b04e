#include "napi/pending_tasks.h"

namespace tensorgate {

uint64_t PendingTasks::Add(std::shared_ptr<BatchTask> task, bool reply_is_text) {
  tasks_.emplace(next_number_, PendingTask{std::move(task), reply_is_text, 0, 0});
  return next_number_++;
}

const char* PendingTasks::Check(const Want& want) {
  const auto found = tasks_.find(want.number);
  if (found == tasks_.end()) return "no task of that number is pending";
  PendingTask& pending = found->second;
  if (pending.last_batch == take_count_) return "a task is twice in a batch";
  pending.last_batch = take_count_;
  if (want.whole) return pending.rows_taken > 0 ? "rows of the task are taken" : nullptr;
  if (want.begin != pending.rows_taken || want.count < 0 ||
      want.count > pending.task->rows() - want.begin ||
      (want.count == 0 && pending.task->rows() > 0)) {
    return "a slice must be the next rows of its task";
  }
  return nullptr;
}

const char* PendingTasks::Take(const std::vector<Want>& wanted, std::vector<BatchPart>* parts,
                               size_t* answers) {
  ++take_count_;
  for (const Want& want : wanted) {
    if (const char* wrong = Check(want)) return wrong;
  }
  *answers = 0;
  parts->reserve(wanted.size());
  for (const Want& want : wanted) {
    const auto found = tasks_.find(want.number);
    PendingTask& pending = found->second;
    const int64_t rows = pending.task->rows();
    BatchPart& part = parts->emplace_back();
    part.is_slice = !want.whole && want.count < rows;
    part.begin = part.is_slice ? want.begin : 0;
    part.count = part.is_slice ? want.count : rows;
    part.slot = want.slot;
    // Here, since slices may run at once.
    if (part.is_slice && pending.rows_taken == 0) pending.task->track().Pass(RequestStage::kQueue);
    part.reply_is_text = pending.reply_is_text;
    pending.rows_taken += part.count;
    if (pending.rows_taken == rows) {
      part.task = std::move(pending.task);
      tasks_.erase(found);
      ++*answers;
    } else {
      part.task = pending.task;
    }
  }
  return nullptr;
}

std::shared_ptr<BatchTask> PendingTasks::Find(uint64_t number) const {
  const auto found = tasks_.find(number);
  return found == tasks_.end() ? nullptr : found->second.task;
}

std::shared_ptr<BatchTask> PendingTasks::TakeWhole(uint64_t number, bool* reply_is_text) {
  const auto found = tasks_.find(number);
  if (found == tasks_.end()) return nullptr;
  *reply_is_text = found->second.reply_is_text;
  std::shared_ptr<BatchTask> task = std::move(found->second.task);
  tasks_.erase(found);
  return task;
}

bool PendingTasks::Drop(uint64_t number, Code code) {
  const auto found = tasks_.find(number);
  if (found == tasks_.end()) return false;
  BatchTask& task = *found->second.task;
  if (found->second.rows_taken == 0) task.track().End(task.call(), code);
  tasks_.erase(found);
  return true;
}

}  // namespace tensorgate
