#include "table/text_window.h"

#include <algorithm>

namespace tensorgate {

Status TextWindow::More() {
  text_.erase(0, taken_);
  taken_ = 0;
  const size_t kept = text_.size();
  if (kept > kMaxRecordBytes) {
    return file_->Refused(line_, "expected a record of at most " + std::to_string(kMaxRecordBytes) +
                                     " bytes, got a longer one");
  }
  // By as much again as there is: a long record is looked at a few times, not once a step.
  const uint64_t left = file_->size() - offset_;
  const size_t step = static_cast<size_t>(std::min<uint64_t>(std::max(kStepBytes, kept), left));
  text_.resize(kept + step);
  size_t read = 0;
  Status status = file_->ReadAt(offset_, text_.data() + kept, step, &read);
  text_.resize(kept + read);
  offset_ += read;
  is_last_ = read < step || offset_ == file_->size();
  return status;
}

}  // namespace tensorgate
