#include "http2_connection.h"

#include <errno.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "clock.h"

namespace tensorgate::load {
namespace {

constexpr size_t kReadSize = 128 << 10;
// Bodies are cut into frames only up to here ahead of the socket.
constexpr size_t kMaxQueued = 512 << 10;
constexpr uint32_t kTopUpAfter = 1 << 30;
constexpr uint32_t kMaxStreamId = 0x7fffffff;
constexpr size_t kMaxHeaderBlock = 64 << 10;
constexpr uint32_t kCancel = 8;

std::string GrpcFramed(const std::string& message) {
  std::string framed(1, '\0');  // not compressed
  AppendUint32(static_cast<uint32_t>(message.size()), &framed);
  return framed + message;
}

size_t SlotCount(int in_flight) {
  size_t count = 16;
  while (count < 4 * static_cast<size_t>(in_flight)) count *= 2;
  return count;
}

}  // namespace

Http2Request::Http2Request(const Options& options)
    : header_block(EncodeRequestHeaders(options)), body(options.body), expect(options.expect) {
  if (options.protocol == Protocol::kGrpc) {
    body = GrpcFramed(options.body);
    expect = GrpcFramed(options.expect);
  }
}

Http2Connection::Http2Connection(int fd, const Options* options, Recorder* recorder,
                                 const Http2Request* request)
    : Connection(fd, options, recorder),
      request_(*request),
      slots_(SlotCount(options->in_flight)),
      out_(ClientPreface()),
      in_(kReadSize) {}

int Http2Connection::Room() const {
  if (draining_ || !settings_seen_) return 0;
  const int limit = static_cast<int>(std::min<uint32_t>(peer_max_streams_, options_.in_flight));
  return std::max(0, limit - active_);
}

Http2Connection::Stream* Http2Connection::Find(uint32_t id) {
  Stream& stream = SlotOf(id);
  return id != 0 && stream.id == id ? &stream : nullptr;
}

void Http2Connection::Begin(int64_t start) {
  while (SlotOf(next_id_).id != 0) next_id_ += 2;  // Room() > 0, so some slot is free
  Stream* stream = &SlotOf(next_id_);
  *stream = Stream();
  stream->id = next_id_;
  stream->start = start;
  stream->send_window = peer_initial_window_;
  active_++;
  next_id_ += 2;
  if (next_id_ > kMaxStreamId - 2 * slots_.size()) draining_ = true;

  const uint8_t flags = request_.body.empty() ? kEndHeaders | kEndStream : kEndHeaders;
  AppendFrameHead(static_cast<uint32_t>(request_.header_block.size()), kHeaders, flags, stream->id,
                  &out_);
  out_ += request_.header_block;
  if (request_.body.empty()) return;
  if (unsent_bodies_.empty() && out_.size() - out_sent_ < kMaxQueued) SendBodyPart(stream);
  if (stream->body_sent < request_.body.size()) unsent_bodies_.push_back(stream->id);
}

// Queues one DATA frame; false when the windows are closed.
bool Http2Connection::SendBodyPart(Stream* stream) {
  const size_t left = request_.body.size() - stream->body_sent;
  const int64_t window = std::min(send_window_, stream->send_window);
  if (window <= 0) return false;
  const size_t size = std::min({left, peer_frame_size_, static_cast<size_t>(window)});
  AppendFrameHead(static_cast<uint32_t>(size), kData, size == left ? kEndStream : 0, stream->id,
                  &out_);
  out_.append(request_.body, stream->body_sent, size);
  stream->body_sent += size;
  stream->send_window -= static_cast<int64_t>(size);
  send_window_ -= static_cast<int64_t>(size);
  return true;
}

// Queues frames of unsent bodies in turn, as far as the windows and the queue allow.
void Http2Connection::PumpBodies() {
  size_t stuck = 0;  // streams in a row whose own window is closed
  while (!unsent_bodies_.empty() && stuck < unsent_bodies_.size() && send_window_ > 0 &&
         out_.size() - out_sent_ < kMaxQueued) {
    const uint32_t id = unsent_bodies_.front();
    unsent_bodies_.pop_front();
    Stream* stream = Find(id);
    if (stream == nullptr) continue;
    stuck = SendBodyPart(stream) ? 0 : stuck + 1;
    if (stream->body_sent < request_.body.size()) unsent_bodies_.push_back(id);
  }
}

bool Http2Connection::Flush() {
  for (;;) {
    PumpBodies();
    if (out_sent_ == out_.size()) break;
    const ssize_t n =
        send(fd_, out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    out_sent_ += static_cast<size_t>(n);
    if (out_sent_ == out_.size()) {
      out_.clear();
      out_sent_ = 0;
    } else if (out_sent_ > kMaxQueued) {
      out_.erase(0, out_sent_);
      out_sent_ = 0;
    }
  }
  return true;
}

bool Http2Connection::OnReadable() {
  for (;;) {
    const size_t room = in_.size() - in_used_;
    const ssize_t n = recv(fd_, in_.data() + in_used_, room, MSG_DONTWAIT);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
    in_used_ += static_cast<size_t>(n);
    if (!ConsumeFrames()) return false;
    if (static_cast<size_t>(n) < room) return true;
  }
}

// Takes every whole frame off the front of the buffer.
bool Http2Connection::ConsumeFrames() {
  size_t at = 0;
  while (in_used_ - at >= kFrameHeadSize) {
    const FrameHead head = ReadFrameHead(in_.data() + at);
    if (head.size > kDefaultFrameSize) return false;
    if (in_used_ - at < kFrameHeadSize + head.size) break;
    if (!OnFrame(head, in_.data() + at + kFrameHeadSize)) return false;
    at += kFrameHeadSize + head.size;
  }
  in_used_ -= at;
  if (at > 0 && in_used_ > 0) std::memmove(in_.data(), in_.data() + at, in_used_);
  if (unacknowledged_ > kTopUpAfter) {
    AppendWindowUpdate(0, unacknowledged_, &out_);
    unacknowledged_ = 0;
  }
  return true;
}

bool Http2Connection::OnFrame(const FrameHead& head, const uint8_t* payload) {
  if (header_stream_ != 0 && (head.type != kContinuation || head.stream != header_stream_)) {
    return false;
  }
  size_t size = head.size;
  switch (head.type) {
    case kData:
      return OnData(head, payload);
    case kHeaders:
      if (head.stream == 0 || !StripPadding(head, &payload, &size)) return false;
      header_stream_ = head.stream;
      header_ends_stream_ = (head.flags & kEndStream) != 0;
      header_block_.assign(reinterpret_cast<const char*>(payload), size);
      return (head.flags & kEndHeaders) == 0 || OnHeaderBlock();
    case kContinuation:
      if (header_stream_ == 0 || header_block_.size() > kMaxHeaderBlock) return false;
      header_block_.append(reinterpret_cast<const char*>(payload), size);
      return (head.flags & kEndHeaders) == 0 || OnHeaderBlock();
    case kSettings:
      return OnSettings(head, payload);
    case kWindowUpdate:
      return OnWindowUpdate(head, payload);
    case kGoAway:
      return OnGoAway(head, payload);
    case kRstStream:
      if (Stream* stream = Find(head.stream); stream != nullptr && size == 4) {
        recorder_.Explain("RST_STREAM with error code " + std::to_string(ReadUint32(payload)));
        Release(stream, Outcome::kFailed);
      }
      return size == 4;
    case kPing:
      if (size != 8) return false;
      if ((head.flags & kAck) == 0) {
        AppendFrameHead(8, kPing, kAck, 0, &out_);
        out_.append(reinterpret_cast<const char*>(payload), 8);
      }
      return true;
    case kPushPromise:
      return false;
    default:
      return true;  // frames of unknown type are to be ignored
  }
}

bool Http2Connection::OnData(const FrameHead& head, const uint8_t* payload) {
  unacknowledged_ += head.size;
  size_t size = head.size;
  if (!StripPadding(head, &payload, &size)) return false;
  Stream* stream = Find(head.stream);
  if (stream == nullptr) return head.stream != 0;  // of a stream given up before
  if (options_.has_expect && !stream->mismatch) {
    const std::string& expect = request_.expect;
    stream->mismatch = stream->reply_seen + size > expect.size() ||
                       std::memcmp(expect.data() + stream->reply_seen, payload, size) != 0;
  }
  stream->reply_seen += size;
  if (head.flags & kEndStream) OnEndStream(stream);
  return true;
}

// A block of reply headers or trailers is complete.
bool Http2Connection::OnHeaderBlock() {
  Stream* stream = Find(header_stream_);
  header_stream_ = 0;
  ReplyHeaders ignored;  // blocks of streams given up before are read for their syntax
  ReplyHeaders* headers = stream == nullptr ? &ignored : &stream->headers;
  if (!ReadReplyHeaders(reinterpret_cast<const uint8_t*>(header_block_.data()),
                        header_block_.size(), headers)) {
    recorder_.Explain("a header block that cannot be read");
    return false;
  }
  if (stream != nullptr && header_ends_stream_) OnEndStream(stream);
  return true;
}

void Http2Connection::OnEndStream(Stream* stream) {
  const ReplyHeaders& headers = stream->headers;
  Outcome outcome = Outcome::kGood;
  if (headers.http_status != 200) {
    outcome = Outcome::kFailed;
    recorder_.Explain("HTTP status " + std::to_string(headers.http_status));
  } else if (options_.protocol == Protocol::kGrpc && headers.grpc_status != 0) {
    outcome = Outcome::kFailed;
    recorder_.Explain("grpc-status " + std::to_string(headers.grpc_status));
  } else if (options_.has_expect &&
             (stream->mismatch || stream->reply_seen != request_.expect.size())) {
    outcome = Outcome::kMismatch;
    recorder_.Explain("a reply other than the expected one");
  }
  if (stream->body_sent < request_.body.size()) AppendRstStream(stream->id, kCancel, &out_);
  Release(stream, outcome);
}

void Http2Connection::Release(Stream* stream, Outcome outcome) {
  recorder_.Record(outcome, stream->start, NowNanos());
  stream->id = 0;
  active_--;
}

bool Http2Connection::OnSettings(const FrameHead& head, const uint8_t* payload) {
  if (head.flags & kAck) return head.size == 0;
  if (head.size % 6 != 0) return false;
  for (size_t at = 0; at < head.size; at += 6) {
    const int id = payload[at] << 8 | payload[at + 1];
    const uint32_t value = ReadUint32(payload + at + 2);
    if (id == kMaxConcurrentStreams) {
      peer_max_streams_ = value;
    } else if (id == kMaxFrameSize) {
      peer_frame_size_ = value;
    } else if (id == kInitialWindowSize) {
      // Holds for streams already open as well.
      const int64_t change = static_cast<int64_t>(value) - peer_initial_window_;
      for (Stream& stream : slots_) stream.send_window += change;
      peer_initial_window_ = value;
    }
  }
  settings_seen_ = true;
  AppendFrameHead(0, kSettings, kAck, 0, &out_);
  return true;
}

bool Http2Connection::OnWindowUpdate(const FrameHead& head, const uint8_t* payload) {
  if (head.size != 4) return false;
  const int64_t increment = ReadUint32(payload) & 0x7fffffff;
  if (head.stream == 0) {
    send_window_ += increment;
  } else if (Stream* stream = Find(head.stream); stream != nullptr) {
    stream->send_window += increment;
  }
  return true;
}

bool Http2Connection::OnGoAway(const FrameHead& head, const uint8_t* payload) {
  if (head.size < 8) return false;
  draining_ = true;
  const uint32_t last = ReadUint32(payload) & 0x7fffffff;
  const uint32_t code = ReadUint32(payload + 4);
  for (Stream& stream : slots_) {
    if (stream.id <= last) continue;  // free slots have id 0
    recorder_.Explain("GOAWAY with error code " + std::to_string(code));
    Release(&stream, Outcome::kFailed);
  }
  return true;
}

void Http2Connection::Abandon(const char* reason) {
  if (active_ == 0) return;
  recorder_.Explain(reason);
  for (Stream& stream : slots_) {
    if (stream.id != 0) Release(&stream, Outcome::kFailed);
  }
}

}  // namespace tensorgate::load
