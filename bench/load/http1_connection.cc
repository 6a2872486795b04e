#include "http1_connection.h"

#include <errno.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "clock.h"

namespace tensorgate::load {
namespace {

constexpr size_t kMaxHead = 64 << 10;
// Of an error's body that is kept to be told.
constexpr size_t kMaxErrorText = 512;

// One buffer for all connections: nothing in it survives OnReadable().
char read_buffer[256 << 10];

}  // namespace

std::string BuildHttp1Request(const Options& options) {
  std::string request = options.has_body ? "POST " : "GET ";
  request += options.path + " HTTP/1.1\r\nHost: " + options.address.authority + "\r\n";
  if (options.has_body) {
    request += "Content-Type: application/json\r\nContent-Length: ";
    request += std::to_string(options.body.size()) + "\r\n";
  }
  return request + "\r\n" + options.body;
}

void Http1Connection::Begin(int64_t start) {
  busy_ = true;
  start_ = start;
  sent_ = 0;
  head_.clear();
  error_text_.clear();
  in_body_ = false;
  mismatch_ = false;
}

bool Http1Connection::Flush() {
  while (sent_ < request_.size()) {
    const ssize_t n =
        send(fd_, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<size_t>(n);
  }
  return true;
}

bool Http1Connection::OnReadable() {
  for (;;) {
    const ssize_t n = recv(fd_, read_buffer, sizeof(read_buffer), MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0 || !Consume(read_buffer, static_cast<size_t>(n))) return false;
    if (static_cast<size_t>(n) < sizeof(read_buffer)) return true;
  }
}

// False: bytes that no request asked for, or a reply that cannot be read.
bool Http1Connection::Consume(const char* data, size_t size) {
  if (!busy_) return false;
  if (in_body_) {
    if (size > body_size_ - body_seen_) return false;
    ConsumeBody(data, size);
    return true;
  }
  const bool in_parts = !head_.empty();
  if (in_parts) {
    head_.append(data, size);
    data = head_.data();
    size = head_.size();
  }
  const void* end = memmem(data, size, "\r\n\r\n", 4);
  if (end == nullptr) {
    if (!in_parts) head_.assign(data, size);
    return head_.size() <= kMaxHead;
  }
  const size_t head_size = static_cast<size_t>(static_cast<const char*>(end) - data) + 4;
  if (!ParseHead(data, head_size) || size - head_size > body_size_) return false;
  in_body_ = true;
  body_seen_ = 0;
  ConsumeBody(data + head_size, size - head_size);
  return true;
}

bool Http1Connection::ParseHead(const char* data, size_t size) {
  if (size < 14 || std::memcmp(data, "HTTP/1.", 7) != 0) return false;
  status_ = std::atoi(data + 9);
  bool has_length = false;
  const char* const end = data + size;
  for (const char* line = data; line < end;) {
    const char* newline = static_cast<const char*>(std::memchr(line, '\n', end - line));
    const char* next = newline == nullptr ? end : newline + 1;
    if ((*line | 0x20) == 'c') {
      if (strncasecmp(line, "content-length:", 15) == 0) {
        body_size_ = std::strtoull(line + 15, nullptr, 10);
        has_length = true;
      } else if (strncasecmp(line, "connection: close", 17) == 0) {
        closing_ = true;
      }
    }
    line = next;
  }
  if (!has_length) recorder_.Explain("a reply without Content-Length");
  return has_length;
}

void Http1Connection::ConsumeBody(const char* data, size_t size) {
  if (options_.has_expect && status_ == 200) {
    const std::string& expect = options_.expect;
    const bool same =
        body_size_ == expect.size() && std::memcmp(data, expect.data() + body_seen_, size) == 0;
    if (!same) mismatch_ = true;
  }
  if (status_ != 200) error_text_.append(data, std::min(size, kMaxErrorText - error_text_.size()));
  body_seen_ += size;
  if (body_seen_ == body_size_) Finish();
}

void Http1Connection::Finish() {
  busy_ = false;
  if (sent_ < request_.size()) closing_ = true;  // answered early: the rest must not be sent
  sent_ = request_.size();
  Outcome outcome = mismatch_ ? Outcome::kMismatch : Outcome::kGood;
  if (status_ != 200) {
    outcome = Outcome::kFailed;
    std::replace(error_text_.begin(), error_text_.end(), '\n', ' ');
    recorder_.Explain("HTTP status " + std::to_string(status_) + ": " + error_text_);
  }
  if (outcome == Outcome::kMismatch) recorder_.Explain("a reply other than the expected one");
  recorder_.Record(outcome, start_, NowNanos());
}

void Http1Connection::Abandon(const char* reason) {
  if (!busy_) return;
  busy_ = false;
  recorder_.Explain(reason);
  recorder_.Record(Outcome::kFailed, start_, NowNanos());
}

}  // namespace tensorgate::load
