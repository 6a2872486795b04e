// An HTTP/1.1 keep-alive connection: one fixed request at a time, sent from one shared buffer.
#pragma once

#include <string>

#include "connection.h"

namespace tensorgate::load {

class Http1Connection final : public Connection {
 public:
  // `request` is the whole request as from BuildHttp1Request(), shared by all connections.
  Http1Connection(int fd, const Options* options, Recorder* recorder, const std::string* request)
      : Connection(fd, options, recorder), request_(*request), sent_(request->size()) {}

  int Active() const override { return busy_ ? 1 : 0; }
  int Room() const override { return busy_ || closing_ ? 0 : 1; }
  void Begin(int64_t start) override;
  bool Flush() override;
  bool WantsWrite() const override { return sent_ < request_.size(); }
  bool OnReadable() override;
  bool Draining() const override { return closing_; }
  void Abandon(const char* reason) override;

 private:
  bool Consume(const char* data, size_t size);
  bool ParseHead(const char* data, size_t size);
  void ConsumeBody(const char* data, size_t size);
  void Finish();

  const std::string& request_;
  size_t sent_;  // bytes of request_ that are on their way
  bool busy_ = false;
  bool closing_ = false;  // the server said "Connection: close"
  int64_t start_ = 0;

  // The reply being read.
  std::string head_;  // a head that arrived in parts; mostly empty
  bool in_body_ = false;
  int status_ = 0;
  size_t body_size_ = 0;
  size_t body_seen_ = 0;
  bool mismatch_ = false;
  std::string error_text_;  // the beginning of the body of a reply that is not 200
};

std::string BuildHttp1Request(const Options& options);

}  // namespace tensorgate::load
