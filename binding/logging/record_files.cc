#include "logging/record_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "codec/record/tf_record.h"

namespace tensorgate {
namespace {

constexpr char kEnded[] = ".tfrecord";
constexpr char kCurrent[] = ".tfrecord.part";
// '0' stands for a digit.
constexpr std::string_view kStampPattern = "-00000000T000000000Z-0000";
constexpr std::chrono::seconds kRetry{1};
// What the logs hold is the clients' and nobody else's.
constexpr mode_t kFileMode = 0640;
constexpr mode_t kFolderMode = 0750;

bool IsStamp(std::string_view text) {
  if (text.size() != kStampPattern.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kStampPattern[i] == '0' ? !is_digit : text[i] != kStampPattern[i]) return false;
  }
  return true;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Whether it is one of the names that Create() makes of `base`, with that end.
bool IsOurs(std::string_view name, std::string_view base, std::string_view end) {
  return name.size() == base.size() + kStampPattern.size() + end.size() &&
         name.substr(0, base.size()) == base && EndsWith(name, end) &&
         IsStamp(name.substr(base.size(), kStampPattern.size()));
}

std::string Stamp() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc;
  gmtime_r(&now.tv_sec, &utc);
  char day[32];
  strftime(day, sizeof(day), "-%Y%m%dT%H%M%S", &utc);
  char millis[16];
  snprintf(millis, sizeof(millis), "%03dZ", static_cast<int>(now.tv_nsec / 1000000 % 1000));
  return std::string(day) + millis;
}

void MakeFolders(const std::string& path) {
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), kFolderMode);
  }
  mkdir(path.c_str(), kFolderMode);  // whatever fails here, opening a file says why
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Up to where the file consists of whole records.
uint64_t WholeRecords(int fd, uint64_t size) {
  uint64_t at = 0;
  char header[kTfRecordHeaderBytes];
  while (size - at >= kTfRecordHeaderBytes + kTfRecordFooterBytes) {
    uint64_t length;
    if (pread(fd, header, sizeof(header), static_cast<off_t>(at)) !=
            static_cast<ssize_t>(sizeof(header)) ||
        !ReadTfRecordHeader(header, &length)) {
      break;
    }
    const uint64_t left = size - at - kTfRecordHeaderBytes - kTfRecordFooterBytes;
    if (length > left) break;
    at += kTfRecordHeaderBytes + length + kTfRecordFooterBytes;
  }
  return at;
}

}  // namespace

RecordFiles::RecordFiles(std::string path_prefix, const RecordFileLimits& limits)
    : directory_(path_prefix.substr(0, path_prefix.rfind('/') + 1)),
      base_(path_prefix.substr(path_prefix.rfind('/') + 1)),
      limits_(limits) {}

RecordFiles::~RecordFiles() { End(); }

// At least two files have room in what all may take.
uint64_t RecordFiles::file_limit() const {
  return std::min(limits_.file_bytes, limits_.total_bytes / 2);
}

bool RecordFiles::Append(std::string_view record, std::string* error) {
  if (record.size() > limits_.total_bytes) {
    *error = "a record of " + std::to_string(record.size()) +
             " bytes is more than all files of the model may take";
    return false;
  }
  EndIfOld();
  if (fd_ >= 0 && size_ > 0 && size_ + record.size() > file_limit()) End();
  if (fd_ < 0 && !Open(error)) return false;
  Prune(record.size());
  if (!WriteAll(fd_, record)) {
    Fail("write", error);
    // A record is in the file as a whole, or not at all.
    if (ftruncate(fd_, static_cast<off_t>(size_)) == 0) {
      lseek(fd_, static_cast<off_t>(size_), SEEK_SET);
    }
    End();
    return false;
  }
  size_ += record.size();
  return true;
}

void RecordFiles::EndIfOld() {
  if (fd_ >= 0 && Clock::now() - opened_ >= limits_.file_age) End();
}

bool RecordFiles::Open(std::string* error) {
  if (Clock::now() < retry_at_) {
    *error = last_error_;
    return false;
  }
  return (scanned_ || Scan(error)) && Create(error);
}

bool RecordFiles::Create(std::string* error) {
  constexpr uint32_t kSequences = 10000;
  for (uint32_t tries = 0; tries < kSequences; ++tries) {
    char number[16];
    sequence_ = (sequence_ + 1) % kSequences;
    snprintf(number, sizeof(number), "-%04u", static_cast<unsigned>(sequence_));
    const std::string stem = base_ + Stamp() + number;
    name_ = stem + kEnded;
    const std::string path = directory_ + stem + kCurrent;
    fd_ = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode);
    if (fd_ >= 0) {
      flock(fd_, LOCK_EX | LOCK_NB);
      size_ = 0;
      opened_ = Clock::now();
      return true;
    }
    if (errno != EEXIST) break;
  }
  Fail("create a file", error);
  return false;
}

bool RecordFiles::Scan(std::string* error) {
  MakeFolders(directory_.substr(0, directory_.size() - 1));
  DIR* const folder = opendir(directory_.c_str());
  if (folder == nullptr) {
    Fail("open the folder", error);
    return false;
  }
  std::vector<std::string> parts;
  while (const dirent* const entry = readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (IsOurs(name, base_, kCurrent)) parts.emplace_back(name);
    if (!IsOurs(name, base_, kEnded)) continue;
    struct stat about;
    if (fstatat(dirfd(folder), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0) continue;
    ended_.push_back({std::string(name), static_cast<uint64_t>(about.st_size)});
  }
  closedir(folder);
  for (const std::string& part : parts) Recover(part);
  std::sort(ended_.begin(), ended_.end(),
            [](const File& a, const File& b) { return a.name < b.name; });
  for (const File& file : ended_) ended_bytes_ += file.bytes;
  scanned_ = true;
  return true;
}

void RecordFiles::Recover(const std::string& part) {
  const std::string path = directory_ + part;
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return;
  struct stat about;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &about) == 0) {
    const uint64_t whole = WholeRecords(fd, static_cast<uint64_t>(about.st_size));
    const std::string name = part.substr(0, part.size() - std::strlen(kCurrent)) + kEnded;
    if (whole == 0) {
      unlink(path.c_str());
    } else if (ftruncate(fd, static_cast<off_t>(whole)) == 0 &&
               rename(path.c_str(), (directory_ + name).c_str()) == 0) {
      ended_.push_back({name, whole});
    }
  }
  close(fd);
}

void RecordFiles::End() {
  if (fd_ < 0) return;
  const std::string ended = directory_ + name_;
  const std::string current = ended.substr(0, ended.size() - std::strlen(kEnded)) + kCurrent;
  if (size_ == 0) {
    unlink(current.c_str());
  } else if (rename(current.c_str(), ended.c_str()) == 0) {
    ended_.push_back({name_, size_});
    ended_bytes_ += size_;
  }
  close(fd_);  // after the rename: whoever gets the lock finds no such name any more
  fd_ = -1;
  size_ = 0;
}

void RecordFiles::Fail(const char* what, std::string* error) {
  const int number = errno;
  last_error_ = std::string("cannot ") + what + " in " + directory_ + ": " + strerror(number);
  retry_at_ = Clock::now() + kRetry;
  *error = last_error_;
}

void RecordFiles::Prune(uint64_t coming) {
  while (!ended_.empty() && ended_bytes_ + size_ + coming > limits_.total_bytes) {
    unlink((directory_ + ended_.front().name).c_str());
    ended_bytes_ -= ended_.front().bytes;
    ended_.pop_front();
  }
}

}  // namespace tensorgate
