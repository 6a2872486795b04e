// HttpConnection: the HTTP/1.1 of one server connection, without its socket: bytes in, bytes out,
// and requests in between, one at a time: what a client sends ahead waits until its last request is
// answered. Belongs to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "codec/output_buffer.h"
#include "http1/parser.h"
#include "http1/request_head.h"
#include "net/deadlines.h"
#include "net/received_bytes.h"
#include "net/send_queue.h"

namespace tensorgate {

struct HttpLimits {
  size_t max_head_bytes = 64 << 10;
  size_t max_body_bytes = 64 << 20;
  uint32_t idle_seconds = 120;  // told to clients that ask; 0: nothing is told
};

// Why a request is not taken, of those whose head is known.
enum class BodyRefusal : int { kNone, kTooLarge, kNoMemory, kTooSlow, kDeadline };

// What answers: a status line without the version, whole header lines, and the body.
struct HttpAnswer {
  std::string_view status;   // such as "200 OK"
  std::string_view headers;  // "Name: value\r\n", any number of them
  OutputBuffer body;
  bool close = false;
};

class HttpConnection;
struct RequestTrace;

class HttpOwner {
 public:
  virtual ~HttpOwner() = default;
  virtual MemoryBudget* budget() = 0;
  // Each answer says that its connection closes, those to what the client has sent ahead apart.
  virtual bool is_leaving() const { return false; }
  // A head is in and right. False: its body is not wanted, and is passed over.
  virtual bool OnHead(HttpConnection* connection) = 0;
  // The request is in, or `refusal` says why its body is not: Respond() is to be called, once.
  virtual void OnRequest(HttpConnection* connection, BodyRefusal refusal) = 0;
  // The connection is over, and with it the request that is waiting or being read, if there is one.
  // Nothing more is to be said. Once.
  virtual void OnOver(HttpConnection* connection) = 0;
  // There is something to send.
  virtual void OnOutput(HttpConnection* connection) = 0;
  // The deadline that the owner gave it has passed.
  virtual void OnDeadline(HttpConnection* connection) = 0;
};

class HttpConnection final : public Deadlines::Due, private HttpParser::Sink {
 public:
  // REQUIRES: LlhttpMissing() is null. `limits` and `owner` outlive it.
  HttpConnection(const HttpLimits& limits, HttpOwner* owner);
  ~HttpConnection() override = default;
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // What came from the client.
  void Receive(std::string_view bytes);
  // The client sends no more.
  void End();
  // Its last; whatever has no answer gets none.
  void Close();

  // REQUIRES: is_waiting().
  void Respond(HttpAnswer answer);
  // Answers whatever is being read, and ends the connection. Where a request is waiting, nothing.
  void Refuse(std::string_view status, std::string_view text);
  // Says "100 Continue" once more, which clients pass over: who has gone, rather than half closed,
  // resets the connection then. REQUIRES: is_waiting().
  void Probe();
  // Hands over a request whose body is being read.
  void RefuseBody(BodyRefusal refusal);
  void OnDue() override { owner_->OnDeadline(this); }
  // The answer to the last request that has come says that the connection closes.
  void Drain() { draining_ = true; }

  // Appends what is to be sent, about `most` bytes at most.
  void Fill(SendQueue* out, size_t most);

  // Of the request that is waiting, or being read.
  const RequestHead& head() const { return parser_.head(); }
  ReceivedBytes* body() { return &body_; }

  // Whether a request waits for its answer.
  bool is_waiting() const { return waiting_; }
  // Whether a part of a request has come, and of those whether its head is complete.
  bool is_reading() const { return parser_.has_begun() && !waiting_ && !answered_ && !over_; }
  bool is_reading_body() const { return is_reading() && in_body_; }
  bool has_output() const { return answer_.size() > 0; }
  // Nothing but a further request can come of it.
  bool is_idle() const { return !parser_.has_begun() && !answered_ && !over_; }
  // Nothing more is read or answered. What the client still sends is dropped.
  bool is_over() const { return over_; }
  bool has_ended() const { return ended_; }
  // Whether more is to be read: what is sent ahead is kept up to some bound.
  bool wants_input() const { return ahead_.size() - ahead_read_ < kMostAhead; }
  // Of the body, as it is read.
  uint64_t body_bytes() const { return body_bytes_; }

  // The owner's.
  struct Tags {
    uint64_t id = 0;
    void* run = nullptr;
    bool is_traced = false;
    std::shared_ptr<RequestTrace> trace;  // of a run
    void* socket = nullptr;
    uint32_t principal = 0;
  } tags;

 private:
  static constexpr size_t kMostAhead = 64 << 10;
  // Answers after Drain() to a client that always has sent more.
  static constexpr uint32_t kMostLate = 1000;

  bool OnHead() override;
  bool OnBody(std::string_view bytes) override;
  void Read(std::string_view* bytes);
  void ReadAhead();
  bool has_ahead() const { return ahead_.size() > ahead_read_; }
  bool EndsDrain() {
    return (draining_ || owner_->is_leaving()) && (!has_ahead() || ++late_answers_ == kMostLate);
  }
  void HandOver(BodyRefusal refusal);
  void SayContinue();
  void WriteAnswer(HttpAnswer answer);

  const HttpLimits& limits_;
  HttpOwner* const owner_;
  HttpParser parser_;
  ReceivedBytes body_;
  uint64_t body_bytes_ = 0;
  OutputBuffer ahead_;  // what was sent ahead of the answer
  size_t ahead_read_ = 0;
  OutputBuffer answer_;
  OutputBuffer answer_body_;
  bool in_body_ = false;
  bool keeps_body_ = false;
  bool waiting_ = false;
  bool answered_ = false;  // the answer is in answer_
  bool unread_ = false;    // of the request that waits there is more to come, or was
  bool closes_ = false;    // after the answer
  bool draining_ = false;
  uint32_t late_answers_ = 0;
  bool ended_ = false;
  bool over_ = false;
};

}  // namespace tensorgate
