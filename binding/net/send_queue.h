// SendQueue: bytes on their way out of a socket. Short ones are gathered in one buffer, long ones
// stay where they are, and all leave with one system call. Owned by a socket; one thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/output_buffer.h"
#include "net/uv.h"

namespace tensorgate {

class SendQueue {
 public:
  // From this length on a copy costs more than a buffer of its own.
  static constexpr size_t kOwnBufferBytes = 16 << 10;

  void Append(std::string_view bytes) { Gathering()->Append(bytes); }
  void Append(OutputBuffer bytes) {
    if (bytes.size() < kOwnBufferBytes) return Append(bytes.view());
    buffers_.push_back(std::move(bytes));
    gathers_ = false;
  }

  // Where to append by hand: valid until the next Append().
  OutputBuffer* Gathering() {
    if (!gathers_) buffers_.emplace_back();
    gathers_ = true;
    return &buffers_.back();
  }

  bool is_empty() const { return size() == 0; }
  size_t size() const {
    size_t bytes = 0;
    for (const OutputBuffer& buffer : buffers_) bytes += buffer.size();
    return bytes - sent_;
  }
  size_t capacity() const {
    size_t bytes = 0;
    for (const OutputBuffer& buffer : buffers_) bytes += buffer.capacity();
    return bytes;
  }

  // The front of what waits, as buffers; returns how many. REQUIRES of all that use them: nothing
  // is appended meanwhile.
  size_t Front(uv_buf_t* out, size_t most) const {
    size_t count = 0;
    size_t skip = sent_;
    for (size_t i = 0; i < buffers_.size() && count < most; ++i) {
      const std::string_view bytes = buffers_[i].view().substr(skip);
      skip = 0;
      if (!bytes.empty()) out[count++] = {const_cast<char*>(bytes.data()), bytes.size()};
    }
    return count;
  }

  void CopyTo(OutputBuffer* out) const {
    out->Reserve(size());
    size_t skip = sent_;
    for (const OutputBuffer& buffer : buffers_) {
      out->Append(buffer.view().substr(skip));
      skip = 0;
    }
  }

  // So many bytes from the front are sent.
  void Drop(size_t bytes) {
    sent_ += bytes;
    size_t done = 0;
    while (done < buffers_.size() && sent_ >= buffers_[done].size()) {
      sent_ -= buffers_[done].size();
      ++done;
    }
    if (done < buffers_.size()) {
      buffers_.erase(buffers_.begin(), buffers_.begin() + static_cast<std::ptrdiff_t>(done));
    } else {
      Clear();
    }
  }

  // Keeps the memory of one gathering buffer.
  void Clear() {
    sent_ = 0;
    if (buffers_.size() == 1 && gathers_) {
      buffers_.front().Clear();
    } else {
      Free();
    }
  }
  void Free() {
    buffers_.clear();
    gathers_ = false;
    sent_ = 0;
  }

 private:
  std::vector<OutputBuffer> buffers_;
  bool gathers_ = false;  // the last of them
  size_t sent_ = 0;       // of the first of them
};

}  // namespace tensorgate
