// Stream: one request on a Connection, as the layer above derives it. The connection tells it what
// comes; it answers through the connection. Belongs to the connection's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/output_buffer.h"

namespace tensorgate {

class Connection;

// Bytes to send: a few in front, then those of a buffer.
struct Piece {
  static constexpr size_t kMaxHead = 8;
  char head[kMaxHead];
  uint8_t head_size = 0;
  OutputBuffer body;
  size_t size() const { return head_size + body.size(); }
};

class Stream {
 public:
  virtual ~Stream() = default;
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // In this order; those of a request end with OnClosed(), at any time. The views are valid during
  // the call. OnHeader: false resets the stream. Trailers of a request are left out.
  virtual bool OnHeader(std::string_view name, std::string_view value) = 0;
  virtual void OnHeadersEnd() = 0;
  virtual void OnData(std::string_view bytes) = 0;
  virtual void OnRequestEnd() = 0;

  // After Connection::Finish(), when the last piece is on its way: to call Connection::Trailers().
  virtual void OnTrailersDue() = 0;

  // The connection has forgotten the stream, which may delete itself.
  virtual void OnClosed() = 0;

  // Null after OnClosed().
  Connection* connection() const { return connection_; }
  bool request_ended() const { return request_ended_; }
  // Of pieces that wait to be sent.
  size_t queued_bytes() const { return queued_bytes_; }

 private:
  friend class Connection;

  Connection* connection_ = nullptr;
  Stream* next_ = nullptr;
  Stream* previous_ = nullptr;
  int32_t id_ = 0;
  bool has_headers_ = false;
  bool request_ended_ = false;
  bool finished_ = false;
  bool deferred_ = false;
  std::vector<Piece> pieces_;
  size_t first_piece_ = 0;
  size_t taken_ = 0;  // of the first piece
  size_t queued_bytes_ = 0;
};

}  // namespace tensorgate
