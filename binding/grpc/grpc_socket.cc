#include "grpc/grpc_socket.h"

#include "grpc/connection_age.h"
#include "random/random_share.h"

namespace tensorgate {
namespace {

constexpr uint64_t kPrefaceMillis = 20'000;
constexpr uint64_t kDrainNoticeMillis = 1'000;

bool HasPassed(uint64_t now, uint64_t since, uint64_t millis) {
  return millis > 0 && now >= since + millis;
}

}  // namespace

GrpcSocket::GrpcSocket(const GrpcSocketLimits& limits, const ConnectionLimits& http2,
                       StreamFactory* factory, SocketOwner* owner, uv_handle_t* stream,
                       uint32_t lent_id)
    : Socket(owner, stream, lent_id),
      limits_(limits),
      connection_(http2, factory),
      max_age_(ConnectionAge(limits.max_age, &RandomNumbersOfThread())),
      busy_at_(opened_at()) {
  connection_.tag = this;
}

bool GrpcSocket::OnBytes(std::string_view bytes) {
  pinged_ = false;
  return connection_.Receive(bytes, received_at());
}

bool GrpcSocket::Fill(SendQueue* out, size_t most) {
  return connection_.Pull(out->Gathering(), most);
}

void GrpcSocket::Drain() {
  if (is_closing() || draining_) return;
  draining_ = true;
  drained_at_ = NowMillis();
  connection_.Drain();
  Flush();
}

void GrpcSocket::OnTick(uint64_t now) {
  if (connection_.streams() > 0) busy_at_ = now;
  if (!connection_.has_preface() && HasPassed(now, opened_at(), kPrefaceMillis)) return Close();
  if (HasPassed(now, opened_at(), max_age_) || HasPassed(now, busy_at_, limits_.max_idle)) {
    Drain();
    if (is_closing()) return;
  }
  if (draining_ && now >= drained_at_ + kDrainNoticeMillis) connection_.FinishDrain();
  if (max_age_ > 0 && HasPassed(now, opened_at() + max_age_, limits_.max_age_grace)) {
    return Close();
  }
  if (pinged_ && HasPassed(now, pinged_at_, limits_.keepalive_timeout)) return Close();
  if (!pinged_ && HasPassed(now, received_at(), limits_.keepalive)) {
    pinged_ = true;
    pinged_at_ = now;
    connection_.Ping();
  }
}

}  // namespace tensorgate
