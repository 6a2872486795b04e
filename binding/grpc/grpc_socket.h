// GrpcSocket: a client's connection that speaks HTTP/2: its keepalive, ages and the way it ends.
// THREAD: that of its event loop.
#pragma once

#include <cstdint>
#include <string_view>

#include "http2/connection.h"
#include "net/socket.h"

namespace tensorgate {

struct GrpcSocketLimits {  // UNITS: milliseconds; 0: never
  uint64_t keepalive = 0;
  uint64_t keepalive_timeout = 20000;
  uint64_t max_age = 0;
  uint64_t max_age_grace = 0;
  uint64_t max_idle = 0;
};

class GrpcSocket final : public Socket {
 public:
  // As Socket. `limits` and `factory` outlive it.
  GrpcSocket(const GrpcSocketLimits& limits, const ConnectionLimits& http2, StreamFactory* factory,
             SocketOwner* owner, uv_handle_t* stream, uint32_t lent_id);

  void Drain() override;

 private:
  ~GrpcSocket() override = default;
  bool OnBytes(std::string_view bytes) override;
  void OnEnd() override { Close(); }
  bool Fill(SendQueue* out, size_t most) override;
  bool IsOver() const override { return connection_.is_over(); }
  void OnTick(uint64_t now) override;
  bool IsIdle() const override { return connection_.streams() == 0; }
  bool HasOutput() const override { return connection_.queued_bytes() > 0; }
  void OnClosing() override { connection_.CloseStreams(); }

  const GrpcSocketLimits& limits_;
  Connection connection_;
  const uint64_t max_age_;  // of this one; 0: for ever
  bool draining_ = false;
  bool pinged_ = false;
  uint64_t busy_at_;  // when it last had a stream
  uint64_t drained_at_ = 0;
  uint64_t pinged_at_ = 0;
};

}  // namespace tensorgate
