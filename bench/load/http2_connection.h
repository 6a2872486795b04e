// A cleartext HTTP/2 connection (prior knowledge) with many requests in flight, plain or framed
// as gRPC. All requests are alike: one header block, one body. Requests that begin together are
// sent together.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "connection.h"
#include "hpack.h"
#include "http2_frames.h"

namespace tensorgate::load {

// What every connection of a run shares: the encoded header block, the body to send and the body
// to expect, with gRPC's 5-byte prefix where it belongs.
struct Http2Request {
  explicit Http2Request(const Options& options);
  std::string header_block;
  std::string body;
  std::string expect;
};

class Http2Connection final : public Connection {
 public:
  Http2Connection(int fd, const Options* options, Recorder* recorder, const Http2Request* request);

  int Active() const override { return active_; }
  int Room() const override;
  void Begin(int64_t start) override;
  bool Flush() override;
  bool WantsWrite() const override { return out_sent_ < out_.size(); }
  bool OnReadable() override;
  bool Draining() const override { return draining_; }
  void Abandon(const char* reason) override;

 private:
  struct Stream {
    uint32_t id = 0;  // 0: free
    int64_t start = 0;
    size_t body_sent = 0;
    int64_t send_window = 0;
    size_t reply_seen = 0;
    bool mismatch = false;
    ReplyHeaders headers;
  };

  Stream& SlotOf(uint32_t id) { return slots_[(id >> 1) & (slots_.size() - 1)]; }
  Stream* Find(uint32_t id);

  void PumpBodies();
  bool SendBodyPart(Stream* stream);

  bool ConsumeFrames();
  bool OnFrame(const FrameHead& head, const uint8_t* payload);
  bool OnData(const FrameHead& head, const uint8_t* payload);
  bool OnHeaderBlock();
  bool OnSettings(const FrameHead& head, const uint8_t* payload);
  bool OnWindowUpdate(const FrameHead& head, const uint8_t* payload);
  bool OnGoAway(const FrameHead& head, const uint8_t* payload);
  void OnEndStream(Stream* stream);
  void Release(Stream* stream, Outcome outcome);

  const Http2Request& request_;

  // Streams: slot (id / 2) modulo a power of two; an id whose slot is taken is skipped.
  std::vector<Stream> slots_;
  uint32_t next_id_ = 1;
  int active_ = 0;
  bool draining_ = false;
  bool settings_seen_ = false;

  // Sending.
  std::string out_;
  size_t out_sent_ = 0;
  std::deque<uint32_t> unsent_bodies_;  // ids, finished ones included until their turn
  int64_t send_window_ = kDefaultWindow;
  int64_t peer_initial_window_ = kDefaultWindow;
  size_t peer_frame_size_ = kDefaultFrameSize;
  uint32_t peer_max_streams_ = 0x7fffffff;

  // Receiving.
  std::vector<uint8_t> in_;
  size_t in_used_ = 0;
  uint32_t unacknowledged_ = 0;  // bytes of DATA since the last WINDOW_UPDATE
  uint32_t header_stream_ = 0;   // whose block header_block_ collects; 0: none
  bool header_ends_stream_ = false;
  std::string header_block_;
};

}  // namespace tensorgate::load
