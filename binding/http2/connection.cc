#include "http2/connection.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace tensorgate {
namespace {

constexpr uint8_t kEndHeadersFlag = 0x4;
constexpr uint32_t kFieldOverhead = 32;  // RFC 9113, 6.5.2
constexpr size_t kBlockSlack = 64 << 10;
constexpr int kWouldBlock = -504;
constexpr size_t kMaxUnsentAcks = 1000;
constexpr size_t kMaxSettingsEntries = 32;

std::string_view ViewOf(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

uint8_t* BytesOf(std::string_view view) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(view.data()));  // nghttp2 copies them
}

size_t FieldsOf(const HeaderField* fields, size_t count, nghttp2_nv* out) {
  count = std::min(count, Connection::kMaxFields);
  for (size_t i = 0; i < count; ++i) {
    out[i] = {BytesOf(fields[i].name), BytesOf(fields[i].value), fields[i].name.size(),
              fields[i].value.size(), 0};
  }
  return count;
}

}  // namespace

// What nghttp2 calls. A return of kErrCallbackFailure ends the connection.
struct Connection::Callbacks {
  static Connection& Of(void* user) { return *static_cast<Connection*>(user); }

  static int OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* frame, void* user) {
    Connection& self = Of(user);
    self.block_open_ = frame->type == kHeadersFrame && (frame->flags & kEndHeadersFlag) == 0;
    self.block_bytes_ = 0;
    bool ok = true;
    switch (frame->type) {
      case kDataFrame:
        if (frame->length == 0 && (frame->flags & kEndStreamFlag) == 0) {
          ok = self.guard_.idle_frames.Take(self.now_millis_);
        }
        break;
      case kPingFrame:
        ok = self.guard_.pings.Take(self.now_millis_);
        break;
      case kSettingsFrame:
        self.has_settings_ = true;
        ok = self.guard_.idle_frames.Take(self.now_millis_);
        break;
      case kPriorityFrame:
        ok = self.guard_.idle_frames.Take(self.now_millis_);
        break;
      default:
        break;
    }
    return ok || self.Calm() ? 0 : kErrCallbackFailure;
  }

  static int OnInvalidFrame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    Connection& self = Of(user);
    return self.guard_.idle_frames.Take(self.now_millis_) || self.Calm() ? 0 : kErrCallbackFailure;
  }

  static int OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Connection& self = Of(user);
    self.header_bytes_ = 0;
    const int32_t id = frame->hd.stream_id;
    if (nghttp2_session_get_stream_user_data(session, id) != nullptr) return 0;  // trailers
    Stream* stream = self.factory_->NewStream(&self);
    stream->connection_ = &self;
    stream->id_ = id;
    stream->next_ = self.open_;
    if (self.open_ != nullptr) self.open_->previous_ = stream;
    self.open_ = stream;
    ++self.streams_;
    self.current_ = stream;
    nghttp2_session_set_stream_user_data(session, id, stream);
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                      size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                      void* user) {
    Connection& self = Of(user);
    Stream* stream = self.StreamOf(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    // Neither size can be near 4 GiB: nghttp2 itself refuses fields above 64 KiB.
    self.header_bytes_ += static_cast<uint32_t>(name_size + value_size) + kFieldOverhead;
    if (self.header_bytes_ > self.limits_.max_header_bytes) return kErrResetStream;
    if (stream->has_headers_) return 0;
    return stream->OnHeader(ViewOf(name, name_size), ViewOf(value, value_size)) ? 0
                                                                                : kErrResetStream;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Connection& self = Of(user);
    const nghttp2_frame_hd& head = frame->hd;
    if (head.type == kPingFrame) {
      if ((head.flags & kAckFlag) != 0) self.OnPingAnswered();
      return 0;
    }
    if (head.type == kRstStreamFrame) {
      return self.guard_.resets.Take(self.now_millis_) || self.Calm() ? 0 : kErrCallbackFailure;
    }
    if (head.type != kDataFrame && head.type != kHeadersFrame) return 0;
    Stream* stream = self.StreamOf(head.stream_id);
    if (stream == nullptr) return 0;
    if (head.type == kHeadersFrame && !stream->has_headers_) {
      stream->has_headers_ = true;
      stream->OnHeadersEnd();
    }
    if ((head.flags & kEndStreamFlag) != 0 && !stream->request_ended_) {
      stream->request_ended_ = true;
      stream->OnRequestEnd();
    }
    return 0;
  }

  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
                    void* user) {
    Stream* stream = Of(user).StreamOf(id);
    if (stream != nullptr) stream->OnData(ViewOf(bytes, size));
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t id, uint32_t, void* user) {
    Connection& self = Of(user);
    Stream* stream = self.StreamOf(id);
    if (stream != nullptr) self.Close(stream);
    return 0;
  }

  // A client that is still sending must be told that nobody reads on.
  static int OnFrameSent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    const nghttp2_frame_hd& head = frame->hd;
    if (head.type != kHeadersFrame || (head.flags & kEndStreamFlag) == 0) return 0;
    Stream* stream = Of(user).StreamOf(head.stream_id);
    if (stream != nullptr && !stream->request_ended_) {
      nghttp2_submit_rst_stream(session, 0, head.stream_id, kNoError);
    }
    return 0;
  }

  static ssize_t ReadLength(nghttp2_session*, uint8_t, int32_t, int32_t connection_window,
                            int32_t stream_window, uint32_t max_frame, void*) {
    return std::min<int64_t>(std::min(connection_window, stream_window), max_frame);
  }

  static ssize_t Read(nghttp2_session*, int32_t, uint8_t*, size_t length, uint32_t* flags,
                      nghttp2_data_source* source, void* user) {
    return Of(user).Read(static_cast<Stream*>(source->ptr), length, flags);
  }

  static int SendData(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t length,
                      nghttp2_data_source* source, void* user) {
    constexpr size_t kFrameHead = 9;
    Connection& self = Of(user);
    if (self.sink_->size() >= self.sink_most_) return kWouldBlock;
    self.sink_->Append(ViewOf(head, kFrameHead));
    self.Take(static_cast<Stream*>(source->ptr), length);
    return 0;
  }

  static nghttp2_session_callbacks* Make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) std::abort();  // out of memory
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, OnBeginFrame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, OnInvalidFrame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnFrameSent);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, ReadLength);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, SendData);
    return callbacks;
  }
};

Connection::Connection(const ConnectionLimits& limits, StreamFactory* factory)
    : limits_(limits), factory_(factory) {
  nghttp2_session_callbacks* callbacks = Callbacks::Make();
  nghttp2_option* options = nullptr;
  if (nghttp2_option_new(&options) != 0) std::abort();
  nghttp2_option_set_no_closed_streams(options, 1);  // they would only be kept for priorities
  nghttp2_option_set_max_outbound_ack(options, kMaxUnsentAcks);
  nghttp2_option_set_max_settings(options, kMaxSettingsEntries);
  if (nghttp2_session_server_new2(&session_, callbacks, this, options) != 0) std::abort();
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {
      {kMaxConcurrentStreams, limits.max_concurrent_streams},
      {kInitialWindowSize, limits.stream_window},
      {kMaxFrameSize, limits.max_frame_bytes},
      {kMaxHeaderListSize, limits.max_header_bytes},
  };
  nghttp2_submit_settings(session_, 0, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session_, 0, 0,
                                        static_cast<int32_t>(limits.connection_window));
}

Connection::~Connection() {
  CloseStreams();
  nghttp2_session_del(session_);
}

void Connection::CloseStreams() {
  while (open_ != nullptr) Close(open_);
}

Stream* Connection::StreamOf(int32_t id) {
  if (current_ != nullptr && current_->id_ == id) return current_;
  void* found = nghttp2_session_get_stream_user_data(session_, id);
  if (found != nullptr) current_ = static_cast<Stream*>(found);
  return static_cast<Stream*>(found);
}

void Connection::Close(Stream* stream) {
  if (current_ == stream) current_ = nullptr;
  if (stream->previous_ != nullptr) stream->previous_->next_ = stream->next_;
  if (stream->next_ != nullptr) stream->next_->previous_ = stream->previous_;
  if (open_ == stream) open_ = stream->next_;
  --streams_;
  queued_bytes_ -= stream->queued_bytes_;
  stream->connection_ = nullptr;
  stream->OnClosed();
}

bool Connection::Calm() {
  failed_ = true;
  nghttp2_session_terminate_session(session_, kEnhanceYourCalm);
  return false;
}

bool Connection::Receive(std::string_view bytes, uint64_t now_millis) {
  if (failed_) return false;
  now_millis_ = now_millis;
  const ssize_t read = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (read < 0) failed_ = true;
  if (!failed_ && block_open_) {
    block_bytes_ += bytes.size();
    // A header block in ever more frames: nghttp2 reads on even where the stream is reset.
    if (block_bytes_ > limits_.max_header_bytes + kBlockSlack) return Calm();
  }
  return !failed_;
}

bool Connection::Pull(OutputBuffer* out, size_t most) {
  sink_ = out;
  sink_most_ = most;
  while (out->size() < most) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) failed_ = true;
    if (size <= 0) break;
    out->Append(ViewOf(bytes, static_cast<size_t>(size)));
  }
  sink_ = nullptr;
  return !failed_;
}

void Connection::Respond(Stream* stream, const HeaderField* fields, size_t count, bool only) {
  nghttp2_nv list[kMaxFields];
  const size_t size = FieldsOf(fields, count, list);
  nghttp2_data_provider provider;
  provider.source.ptr = stream;
  provider.read_callback = &Callbacks::Read;
  nghttp2_submit_response(session_, stream->id_, list, size, only ? nullptr : &provider);
}

void Connection::Send(Stream* stream, Piece piece) {
  stream->queued_bytes_ += piece.size();
  queued_bytes_ += piece.size();
  stream->pieces_.push_back(std::move(piece));
  if (!stream->deferred_) return;
  stream->deferred_ = false;
  nghttp2_session_resume_data(session_, stream->id_);
}

void Connection::Finish(Stream* stream) {
  stream->finished_ = true;
  if (!stream->deferred_) return;
  stream->deferred_ = false;
  nghttp2_session_resume_data(session_, stream->id_);
}

ssize_t Connection::Read(Stream* stream, size_t length, uint32_t* flags) {
  const size_t given = std::min(length, stream->queued_bytes_);
  if (given == 0 && !stream->finished_) {
    stream->deferred_ = true;
    return kErrDeferred;
  }
  if (given > 0) *flags |= kDataNoCopy;
  if (stream->finished_ && given == stream->queued_bytes_) {
    *flags |= kDataEof | kDataNoEndStream;
    stream->OnTrailersDue();
  }
  return static_cast<ssize_t>(given);
}

void Connection::Take(Stream* stream, size_t length) {
  stream->queued_bytes_ -= length;
  queued_bytes_ -= length;
  while (length > 0) {
    Piece& piece = stream->pieces_[stream->first_piece_];
    const bool is_head = stream->taken_ < piece.head_size;
    const std::string_view rest =
        is_head ? std::string_view(piece.head, piece.head_size).substr(stream->taken_)
                : piece.body.view().substr(stream->taken_ - piece.head_size);
    const size_t taken = std::min(length, rest.size());
    sink_->Append(rest.substr(0, taken));
    length -= taken;
    stream->taken_ += taken;
    if (stream->taken_ < piece.size()) continue;
    piece = Piece();
    stream->taken_ = 0;
    if (++stream->first_piece_ < stream->pieces_.size()) continue;
    stream->pieces_.clear();
    stream->first_piece_ = 0;
  }
}

void Connection::Trailers(Stream* stream, const HeaderField* fields, size_t count) {
  nghttp2_nv list[kMaxFields];
  const size_t size = FieldsOf(fields, count, list);
  nghttp2_submit_trailer(session_, stream->id_, list, size);
}

void Connection::Reset(Stream* stream, uint32_t error_code) {
  nghttp2_submit_rst_stream(session_, 0, stream->id_, error_code);
}

void Connection::Ping() {
  ++unanswered_pings_;
  nghttp2_submit_ping(session_, 0, nullptr);
}

void Connection::OnPingAnswered() {
  if (unanswered_pings_ > 0) --unanswered_pings_;
  if (!draining_ || unanswered_pings_ > 0) return;
  if (asked_again_) return FinishDrain();
  asked_again_ = true;
  Ping();
}

void Connection::Drain() {
  if (draining_ || drained_) return;
  draining_ = true;
  // The client answers the ping once it has read the notice, and has sent what it began before that
  // when it answers a second one: nghttp2, of which Node's client is made, sends the answer to a
  // ping ahead of requests that are queued already.
  nghttp2_submit_shutdown_notice(session_);
  Ping();
}

void Connection::FinishDrain() {
  draining_ = false;
  if (drained_) return;
  drained_ = true;
  nghttp2_submit_goaway(session_, 0, nghttp2_session_get_last_proc_stream_id(session_), kNoError,
                        nullptr, 0);
}

bool Connection::is_over() const {
  if (failed_) return true;
  return (drained_ && streams_ == 0 && nghttp2_session_want_write(session_) == 0) ||
         (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
}

}  // namespace tensorgate
