// RecordFiles: the TFRecord files of one model: PREFIX-20261129T215004123Z-0001.tfrecord and so on,
// by size and age one after the other, the oldest deleted where all of them would take more than
// they may. The file that is being written is called `….tfrecord.part`, and locked, until it is
// complete; one that a dead process has left is completed without its torn end. One thread at a
// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace tensorgate {

struct RecordFileLimits {
  uint64_t file_bytes = 0;   // a file is ended that has as many
  uint64_t total_bytes = 0;  // of all files of the model
  std::chrono::seconds file_age{0};
};

class RecordFiles {
 public:
  // Touches no file.
  RecordFiles(std::string path_prefix, const RecordFileLimits& limits);
  ~RecordFiles();  // ends the file
  RecordFiles(const RecordFiles&) = delete;
  RecordFiles& operator=(const RecordFiles&) = delete;

  // Blocks for the disk. False: nothing of it is in a file, and `error` says why. After a failure
  // a file is opened anew no sooner than a second later.
  bool Append(std::string_view record, std::string* error);
  void EndIfOld();
  bool is_open() const { return fd_ >= 0; }

  void set_limits(const RecordFileLimits& limits) { limits_ = limits; }
  // Of all files, the current one included, as far as they are known.
  uint64_t total_bytes() const { return ended_bytes_ + size_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct File {
    std::string name;
    uint64_t bytes;
  };

  bool Open(std::string* error);
  bool Create(std::string* error);
  // Finds the files that are there, and completes those that nobody writes any more.
  bool Scan(std::string* error);
  void Recover(const std::string& part);
  void End();
  void Fail(const char* what, std::string* error);
  // Deletes old files until `coming` more bytes are within the limit.
  void Prune(uint64_t coming);
  uint64_t file_limit() const;

  const std::string directory_;
  const std::string base_;
  RecordFileLimits limits_;
  bool scanned_ = false;
  std::deque<File> ended_;  // oldest first
  uint64_t ended_bytes_ = 0;
  int fd_ = -1;
  std::string name_;  // of the current file, once it is ended
  uint64_t size_ = 0;
  uint32_t sequence_ = 0;
  Clock::time_point opened_;
  Clock::time_point retry_at_ = Clock::time_point::min();
  std::string last_error_;
};

}  // namespace tensorgate
