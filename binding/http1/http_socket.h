// HttpSocket: a client's connection that speaks HTTP/1.1: its timeouts and the way it ends. THREAD:
// that of its event loop.
#pragma once

#include <cstdint>
#include <string_view>

#include "http1/connection.h"
#include "net/socket.h"

namespace tensorgate {

class HttpSocket final : public Socket {
 public:
  // As Socket, and as HttpConnection.
  HttpSocket(const HttpLimits& limits, HttpOwner* http_owner, SocketOwner* owner,
             uv_handle_t* stream, uint32_t lent_id);

  HttpConnection* connection() { return &connection_; }
  void Drain() override;

 private:
  ~HttpSocket() override = default;
  bool OnBytes(std::string_view bytes) override;
  void OnEnd() override;
  bool Fill(SendQueue* out, size_t most) override;
  void OnFlushed() override;
  bool IsOver() const override { return connection_.is_over() && connection_.has_ended(); }
  void OnTick(uint64_t now) override;
  bool IsIdle() const override { return connection_.is_idle(); }
  bool HasOutput() const override { return connection_.has_output(); }
  void OnClosing() override { connection_.Close(); }

  bool IsBodyTooSlow(uint64_t now);

  const HttpLimits& limits_;
  HttpConnection connection_;
  uint64_t turned_at_;      // when a request last began, or was answered
  uint64_t window_at_ = 0;  // of the body that is being read; 0: none is
  uint64_t window_bytes_ = 0;
  uint64_t ended_at_ = 0;
  uint64_t lingers_at_ = 0;  // 0: it does not
  uint64_t drained_at_ = 0;  // 0: it is not
};

}  // namespace tensorgate
