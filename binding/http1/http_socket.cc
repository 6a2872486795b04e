#include "http1/http_socket.h"

#include <algorithm>

namespace tensorgate {
namespace {

constexpr uint64_t kHeadMillis = 10'000;
// A body is to bring so many bytes in so much time.
constexpr uint64_t kWindowMillis = 10'000;
constexpr uint64_t kWindowBytes = 4 << 10;
// A client that still sends must not have its answer taken away by a reset: it is read on for a
// while after it. RFC 9112, 9.6.
constexpr uint64_t kLingerMillis = 2'000;
constexpr uint64_t kMostLingerMillis = 20'000;
// Who has ended and waits so long for an answer is asked whether he is still there.
constexpr uint64_t kProbeMillis = 1'000;
// A drain leaves who is idle the time to send what is on its way.
constexpr uint64_t kDrainMillis = 200;

bool HasPassed(uint64_t now, uint64_t since, uint64_t millis) { return now >= since + millis; }

}  // namespace

HttpSocket::HttpSocket(const HttpLimits& limits, HttpOwner* http_owner, SocketOwner* owner,
                       uv_handle_t* stream, uint32_t lent_id)
    : Socket(owner, stream, lent_id),
      limits_(limits),
      connection_(limits, http_owner),
      turned_at_(opened_at()) {
  connection_.tags.socket = this;
}

bool HttpSocket::OnBytes(std::string_view bytes) {
  if (connection_.is_idle()) turned_at_ = received_at();
  connection_.Receive(bytes);
  if (!connection_.wants_input()) SetReading(false);
  return true;
}

void HttpSocket::OnEnd() {
  ended_at_ = NowMillis();
  connection_.End();
  owner()->OnSocketDirty(this);
}

bool HttpSocket::Fill(SendQueue* out, size_t most) {
  if (connection_.has_output()) turned_at_ = NowMillis();
  connection_.Fill(out, most);
  if (connection_.wants_input()) SetReading(true);
  return true;
}

void HttpSocket::OnFlushed() {
  if (!connection_.is_over() || connection_.has_ended() || lingers_at_ != 0) return;
  lingers_at_ = NowMillis();
  ShutDown();
}

void HttpSocket::Drain() {
  if (is_closing() || drained_at_ != 0) return;
  drained_at_ = NowMillis();
  connection_.Drain();
}

bool HttpSocket::IsBodyTooSlow(uint64_t now) {
  const uint64_t bytes = connection_.body_bytes();
  if (window_at_ == 0) {
    window_at_ = now;
    window_bytes_ = bytes;
  }
  if (!HasPassed(now, window_at_, kWindowMillis)) return false;
  const bool is_slow = bytes - window_bytes_ < kWindowBytes;
  window_at_ = now;
  window_bytes_ = bytes;
  return is_slow;
}

void HttpSocket::OnTick(uint64_t now) {
  const uint64_t last = std::max(received_at(), turned_at_);
  if (!connection_.is_reading_body()) window_at_ = 0;
  if (lingers_at_ != 0) {
    if (HasPassed(now, std::max(received_at(), lingers_at_), kLingerMillis) ||
        HasPassed(now, lingers_at_, kMostLingerMillis)) {
      Close();
    }
  } else if (connection_.is_idle()) {
    const uint64_t idle_millis = uint64_t{1000} * limits_.idle_seconds;
    const bool is_due = drained_at_ != 0 ? HasPassed(now, std::max(last, drained_at_), kDrainMillis)
                                         : idle_millis > 0 && HasPassed(now, last, idle_millis);
    if (is_due && !HasUnread()) Close();
  } else if (connection_.is_waiting()) {
    if (connection_.has_ended() && HasPassed(now, ended_at_, kProbeMillis)) connection_.Probe();
  } else if (connection_.is_reading_body()) {
    if (IsBodyTooSlow(now)) connection_.RefuseBody(BodyRefusal::kTooSlow);
  } else if (connection_.is_reading() && HasPassed(now, turned_at_, kHeadMillis)) {
    connection_.Refuse("408 Request Timeout", "The head of the request came too slowly.");
  }
}

}  // namespace tensorgate
