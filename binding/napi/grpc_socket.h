// GrpcSocket: a client's connection: its HTTP/2 and its bytes. The bytes are those of a libuv
// stream, or, with TLS, of a socket of JavaScript's. THREAD: JavaScript's.
#pragma once

#include <cstdint>
#include <string_view>

#include "codec/output_buffer.h"
#include "http2/connection.h"
#include "napi/uv.h"

namespace tensorgate {

class GrpcSocket;

struct SocketLimits {  // UNITS: milliseconds; 0: never
  uint64_t keepalive = 0;
  uint64_t keepalive_timeout = 20000;
  uint64_t max_age = 0;
  uint64_t max_age_grace = 0;
  uint64_t max_idle = 0;
};

class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  virtual const SocketLimits& socket_limits() const = 0;
  virtual uint64_t NowMillis() const = 0;
  // Where bytes are read into, by one socket after the other.
  virtual uv_buf_t ReadBuffer() = 0;
  // For sockets of JavaScript's. OWNERSHIP: the bytes are read before the call returns.
  virtual void OnLentOutput(GrpcSocket* socket, std::string_view bytes) = 0;
  // OWNERSHIP: the owner deletes it with DeleteLent(), once none of its functions runs.
  virtual void OnLentClose(GrpcSocket* socket) = 0;
  // It is closed; one of a libuv stream deletes itself.
  virtual void OnSocketClosed(GrpcSocket* socket) = 0;
  virtual void OnSocketFreed() = 0;  // of a libuv stream, after it
  virtual void OnSocketInput(GrpcSocket* socket) = 0;
};

class GrpcSocket {
 public:
  // `stream` is accepted already and belongs to the socket from here on; null: lent by JavaScript,
  // which knows it by `lent_id`.
  GrpcSocket(const ConnectionLimits& limits, StreamFactory* factory, SocketOwner* owner,
             uv_handle_t* stream, uint32_t lent_id);

  // Begins to read. False: it failed; the socket is closing.
  bool Start();

  // Lent sockets: what came, and that the last output is written.
  void Receive(std::string_view bytes);
  void Written();

  // Sends what there is; closes when the connection is over.
  void Flush();
  // Looks after ages and timeouts; to be called now and then.
  void Tick();
  void Drain();
  // Ends all streams.
  void Close();
  static void DeleteLent(GrpcSocket* socket);

  Connection* connection() { return connection_; }
  uint32_t lent_id() const { return lent_id_; }
  bool is_closing() const { return connection_ == nullptr; }

  // The owner's list, and whether it is among those to be flushed.
  GrpcSocket* next = nullptr;
  GrpcSocket* previous = nullptr;
  bool is_dirty = false;

 private:
  ~GrpcSocket();
  static void OnAlloc(uv_handle_t*, size_t, uv_buf_t*);
  static void OnRead(uv_handle_t*, ssize_t, const uv_buf_t*);
  static void OnWritten(uv_req_t*, int);
  void Write();

  SocketOwner* const owner_;
  uv_handle_t* stream_;
  const uint32_t lent_id_;
  Connection* connection_;  // null once it is closing
  uv_req_t* write_request_ = nullptr;
  OutputBuffer out_;
  bool writing_ = false;
  bool draining_ = false;
  bool pinged_ = false;
  uint64_t opened_at_;
  uint64_t received_at_;
  uint64_t busy_at_;      // when it last had a stream
  uint64_t progress_at_;  // when output last went, or there was none
  uint64_t drained_at_ = 0;
  uint64_t pinged_at_ = 0;
};

}  // namespace tensorgate
