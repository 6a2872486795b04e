#include "http1/connection.h"

#include <utility>

#include "codec/json/json_write.h"
#include "http1/date.h"

namespace tensorgate {
namespace {

constexpr size_t kKeptAnswerBytes = 4 << 10;
// Of a body: so that short requests are answered while the budget is used up. Each connection has
// one at most.
constexpr size_t kUncountedBytes = 4 << 10;

// What upstream's HTTP library answers by itself.
void AppendPage(std::string_view status, OutputBuffer* out) {
  out->Append("<HTML><HEAD>\n<TITLE>");
  out->Append(status);
  out->Append("</TITLE>\n</HEAD><BODY>\n<H1>");
  out->Append(status.substr(4));
  out->Append("</H1>\n</BODY></HTML>\n");
}

void AppendError(std::string_view text, OutputBuffer* out) {
  out->Append("{\n    \"error\": ");
  AppendJsonString(text, out);
  out->Append("\n}");
}

}  // namespace

HttpConnection::HttpConnection(const HttpLimits& limits, HttpOwner* owner)
    : limits_(limits), owner_(owner), parser_(this, limits.max_head_bytes) {}

// --- requests -----------------------------------------------------------------------------------

void HttpConnection::Receive(std::string_view bytes) {
  if (over_ || unread_) return;
  if (!waiting_ && !answered_ && ahead_.size() == 0) Read(&bytes);
  ahead_.Append(bytes);
}

// Up to the end of a request; the rest waits for its answer.
void HttpConnection::Read(std::string_view* bytes) {
  const HttpParser::Result result = parser_.Read(bytes);
  if (result == HttpParser::Result::kEnd) return HandOver(BodyRefusal::kNone);
  if (result == HttpParser::Result::kRefused) {
    Refuse(parser_.refusal().status, parser_.refusal().text);
  }
  *bytes = {};
}

bool HttpConnection::OnHead() {
  in_body_ = true;
  body_bytes_ = 0;
  keeps_body_ = owner_->OnHead(this);
  const RequestHead& head = parser_.head();
  if (head.content_length > limits_.max_body_bytes) {
    HandOver(BodyRefusal::kTooLarge);
    return false;
  }
  // Also where it is passed over: Java's client waits for ever for a 100 that does not come.
  if (head.expects_continue && head.has_body()) SayContinue();
  return true;
}

void HttpConnection::SayContinue() {
  answer_.Append("HTTP/1.1 100 Continue\r\n\r\n");
  owner_->OnOutput(this);
}

void HttpConnection::Probe() {
  if (waiting_ && parser_.head().minor_version > 0) SayContinue();
}

bool HttpConnection::OnBody(std::string_view bytes) {
  body_bytes_ += bytes.size();
  if (body_bytes_ > limits_.max_body_bytes) {
    HandOver(BodyRefusal::kTooLarge);
    return false;
  }
  if (!keeps_body_) return true;
  const size_t length = parser_.head().content_length;
  if (body_.Append(bytes, length, owner_->budget(), kUncountedBytes)) return true;
  HandOver(BodyRefusal::kNoMemory);
  return false;
}

void HttpConnection::HandOver(BodyRefusal refusal) {
  if (refusal != BodyRefusal::kNone) {
    unread_ = true;
    body_ = ReceivedBytes();
  }
  waiting_ = true;
  in_body_ = false;
  owner_->OnRequest(this, refusal);
}

void HttpConnection::RefuseBody(BodyRefusal refusal) {
  if (is_reading_body()) HandOver(refusal);
}

void HttpConnection::End() {
  ended_ = true;
  // A request that is not complete will not be.
  if (!waiting_ && !answered_ && ahead_.size() == 0) Close();
}

void HttpConnection::Close() {
  if (over_) return;
  over_ = true;
  waiting_ = false;
  owner_->OnOver(this);
}

// --- answers ------------------------------------------------------------------------------------

void HttpConnection::Respond(HttpAnswer answer) {
  waiting_ = false;
  body_ = ReceivedBytes();
  WriteAnswer(std::move(answer));
  owner_->OnOutput(this);
}

void HttpConnection::Refuse(std::string_view status, std::string_view text) {
  if (waiting_ || answered_ || over_) return;
  unread_ = true;
  body_ = ReceivedBytes();
  HttpAnswer answer;
  answer.status = status;
  if (text.empty()) {
    answer.headers = "Content-Type: text/html\r\n";
    AppendPage(status, &answer.body);
  } else {
    answer.headers = "Content-Type: application/json\r\n";
    AppendError(text, &answer.body);
  }
  WriteAnswer(std::move(answer));
  owner_->OnOutput(this);
}

void HttpConnection::WriteAnswer(HttpAnswer answer) {
  const RequestHead& head = parser_.head();
  answered_ = true;
  closes_ = answer.close || unread_ || !head.keep_alive || EndsDrain();
  answer_.Append("HTTP/1.1 ");
  answer_.Append(answer.status);
  answer_.Append("\r\n");
  answer_.Append(answer.headers);
  if (closes_) {
    answer_.Append("Connection: close\r\n");
  } else if (head.names_keep_alive) {
    answer_.Append("Connection: keep-alive\r\n");
    if (limits_.idle_seconds > 0) {
      answer_.Append("Keep-Alive: timeout=");
      answer_.Append(std::to_string(limits_.idle_seconds));
      answer_.Append("\r\n");
    }
  }
  answer_.Append(HttpDateLine());
  if (head.is_head) {  // neither body nor its length, as upstream
    answer_.Append("\r\n");
    return;
  }
  answer_.Append("Content-Length: ");
  answer_.Append(std::to_string(answer.body.size()));
  answer_.Append("\r\n\r\n");
  answer_body_ = std::move(answer.body);
}

void HttpConnection::Fill(SendQueue* out, size_t most) {
  while (!over_ && out->size() < most) {
    if (has_output()) {
      out->Append(answer_.view());
      answer_.Clear();
      if (answer_.capacity() > kKeptAnswerBytes) answer_ = OutputBuffer();
      out->Append(std::exchange(answer_body_, OutputBuffer()));
    }
    if (answered_) {
      answered_ = false;
      if (closes_) return Close();
      parser_.Next();
    }
    if (waiting_) return;
    if (ahead_.size() == 0) {
      if (ended_) Close();
      return;
    }
    ReadAhead();
  }
}

void HttpConnection::ReadAhead() {
  std::string_view bytes = ahead_.view().substr(ahead_read_);
  Read(&bytes);
  ahead_read_ = ahead_.size() - bytes.size();
  if (!bytes.empty()) return;
  ahead_.Clear();
  if (ahead_.capacity() > kKeptAnswerBytes) ahead_ = OutputBuffer();
  ahead_read_ = 0;
}

}  // namespace tensorgate
