// Connection: the HTTP/2 of one server connection, without its socket: bytes in, bytes out, and
// streams in between. An nghttp2 session with limits around it. Belongs to one thread. None of its
// functions may be called from within Pull(), and Receive() not from within itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/output_buffer.h"
#include "http2/flood_guard.h"
#include "http2/nghttp2.h"
#include "http2/stream.h"

namespace tensorgate {

struct ConnectionLimits {
  uint32_t max_concurrent_streams = 1024;
  uint32_t max_header_bytes =
      32 << 10;  // of a request, counted as SETTINGS_MAX_HEADER_LIST_SIZE is
  uint32_t stream_window = 2 << 20;
  uint32_t connection_window = 16 << 20;
  uint32_t max_frame_bytes = 256 << 10;
};

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

class StreamFactory {
 public:
  virtual ~StreamFactory() = default;
  // OWNERSHIP: the stream is its own until OnClosed().
  virtual Stream* NewStream(Connection* connection) = 0;
};

class Connection {
 public:
  static constexpr size_t kMaxFields = 16;  // of a response or its trailers

  // REQUIRES: Http2Missing() is null; `limits` and `factory` outlive it.
  Connection(const ConnectionLimits& limits, StreamFactory* factory);
  ~Connection();  // as CloseStreams()
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // What came from the client. False: the connection is over; what Pull() still gives may be sent.
  bool Receive(std::string_view bytes, uint64_t now_millis);

  // Appends what is to be sent, about `most` bytes at most. False: as Receive.
  bool Pull(OutputBuffer* out, size_t most);

  // The answer of a stream: Respond once, Send any number of times, Finish once. `only`: there is
  // nothing but these headers. OWNERSHIP: the fields are copied, the piece is taken.
  void Respond(Stream* stream, const HeaderField* fields, size_t count, bool only);
  void Send(Stream* stream, Piece piece);
  void Finish(Stream* stream);
  void Trailers(Stream* stream, const HeaderField* fields, size_t count);
  void Reset(Stream* stream, uint32_t error_code);

  void Ping();
  // Accepts no more streams once the client knows of it; FinishDrain(): from now on.
  void Drain();
  void FinishDrain();

  // Closes the streams that are open; nothing else is to be done with it from then on.
  void CloseStreams();

  // Nothing more will come of it: it was drained, or the client said good-bye.
  bool is_over() const;
  size_t streams() const { return streams_; }
  // Of all streams, waiting to be sent.
  size_t queued_bytes() const { return queued_bytes_; }
  bool has_preface() const { return has_settings_; }

  // The owner's.
  void* tag = nullptr;

 private:
  struct Callbacks;
  friend struct Callbacks;

  Stream* StreamOf(int32_t id);
  void Close(Stream* stream);
  bool Calm();  // always false
  void OnPingAnswered();
  ssize_t Read(Stream* stream, size_t length, uint32_t* flags);
  void Take(Stream* stream, size_t length);

  const ConnectionLimits& limits_;
  StreamFactory* const factory_;
  nghttp2_session* session_ = nullptr;
  OutputBuffer* sink_ = nullptr;  // during Pull()
  size_t sink_most_ = 0;
  Stream* current_ = nullptr;  // the one of the last callback
  Stream* open_ = nullptr;     // a list
  size_t streams_ = 0;
  size_t queued_bytes_ = 0;
  FloodGuard guard_;
  uint64_t now_millis_ = 0;
  uint32_t header_bytes_ = 0;  // of the header block that is being read, as the limit counts them
  size_t block_bytes_ = 0;     // of the same as it came
  bool block_open_ = false;
  bool has_settings_ = false;
  uint32_t unanswered_pings_ = 0;
  bool draining_ = false;
  bool asked_again_ = false;  // while draining
  bool drained_ = false;
  bool failed_ = false;
};

}  // namespace tensorgate
