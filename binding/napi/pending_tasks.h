// PendingTasks: the tasks (decoded requests) of an environment that are pending: they wait until
// JavaScript says with whom they run. Each is known by a number, which is never used again. THREAD:
// JavaScript's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "batch/batch_run.h"
#include "batch/batch_task.h"

namespace tensorgate {

class PendingTasks {
 public:
  // A number of up to 53 bits.
  uint64_t Add(std::shared_ptr<BatchTask> task, bool reply_is_text);

  // What a batch takes: all rows of a task, or the next `count` of them from `begin` on.
  struct Want {
    uint64_t number = 0;
    uint32_t slot = 0;  // where its answer goes
    bool whole = true;
    int64_t begin = 0;
    int64_t count = 0;
  };

  // All of `wanted`, or none: null, and `parts` holds them; else what is wrong with them.
  // `answers` counts the tasks that give their last rows: they are pending no more, and are
  // answered.
  const char* Take(const std::vector<Want>& wanted, std::vector<BatchPart>* parts, size_t* answers);

  // Null where there is none of that number.
  std::shared_ptr<BatchTask> Find(uint64_t number) const;
  // The same, which is pending no more. REQUIRES: no batch has rows of it.
  std::shared_ptr<BatchTask> TakeWhole(uint64_t number, bool* reply_is_text);

  // Its client is told `code`. False when there is no such task.
  bool Drop(uint64_t number, Code code);

  void Clear() { tasks_.clear(); }

  size_t size() const { return tasks_.size(); }

 private:
  struct PendingTask {
    std::shared_ptr<BatchTask> task;
    bool reply_is_text = false;
    int64_t rows_taken = 0;
    uint64_t last_batch = 0;  // that looked at it, by take_count_
  };

  const char* Check(const Want& want);

  std::unordered_map<uint64_t, PendingTask> tasks_;
  uint64_t next_number_ = 1;
  uint64_t take_count_ = 0;
};

}  // namespace tensorgate
