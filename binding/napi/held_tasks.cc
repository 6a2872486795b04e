#include "napi/held_tasks.h"

namespace tensorgate {

uint64_t HeldTasks::Add(std::shared_ptr<BatchTask> task, bool reply_is_text) {
  tasks_.emplace(next_number_, Held{std::move(task), reply_is_text, 0, 0});
  return next_number_++;
}

const char* HeldTasks::Check(const Want& want) {
  const auto found = tasks_.find(want.number);
  if (found == tasks_.end()) return "no task of that number is held";
  Held& held = found->second;
  if (held.last_batch == take_count_) return "a task is twice in a batch";
  held.last_batch = take_count_;
  if (want.whole) return held.rows_taken > 0 ? "rows of the task are taken" : nullptr;
  if (want.begin != held.rows_taken || want.count < 0 ||
      want.count > held.task->rows() - want.begin || (want.count == 0 && held.task->rows() > 0)) {
    return "a slice must be the next rows of its task";
  }
  return nullptr;
}

const char* HeldTasks::Take(const std::vector<Want>& wanted, std::vector<Taken>* taken) {
  ++take_count_;
  for (const Want& want : wanted) {
    if (const char* wrong = Check(want)) return wrong;
  }
  taken->reserve(wanted.size());
  for (const Want& want : wanted) {
    const auto found = tasks_.find(want.number);
    Held& held = found->second;
    const int64_t rows = held.task->rows();
    Taken& one = taken->emplace_back();
    one.part.is_slice = !want.whole && want.count < rows;
    one.part.begin = one.part.is_slice ? want.begin : 0;
    one.part.count = one.part.is_slice ? want.count : rows;
    one.reply_is_text = held.reply_is_text;
    held.rows_taken += one.part.count;
    one.is_last = held.rows_taken == rows;
    if (one.is_last) {
      one.part.task = std::move(held.task);
      tasks_.erase(found);
    } else {
      one.part.task = held.task;
    }
  }
  return nullptr;
}

}  // namespace tensorgate
