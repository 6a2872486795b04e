// HttpParser: requests of HTTP/1.0 and 1.1 out of bytes as they come, one after the other: llhttp
// with the limits and rules that RFC 9112 leaves to servers. Owned by a connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http1/llhttp.h"
#include "http1/request_head.h"

namespace tensorgate {

// Why no request can be made of what came, and how the client is told.
struct HttpRefusal {
  const char* status = nullptr;  // such as "400 Bad Request"; null: none
  std::string text;
};

class HttpParser {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    // The head is complete. False: what follows is not to be read.
    virtual bool OnHead() = 0;
    // A part of the body. False: as OnHead.
    virtual bool OnBody(std::string_view bytes) = 0;
  };
  enum class Result {
    kMore,     // all is read, and the request is not complete
    kEnd,      // the request is complete; Next() begins another
    kRefused,  // see refusal(); nothing more can be read
    kStopped,  // by the sink
  };

  // REQUIRES: LlhttpMissing() is null. `sink` outlives it.
  HttpParser(Sink* sink, size_t max_head_bytes);

  // Reads on, up to the end of a request at most, and drops from `bytes` what it has read.
  Result Read(std::string_view* bytes);
  void Next();

  // Of the request that is read, or was read last.
  const RequestHead& head() const { return head_; }
  // Whether anything of a request has come.
  bool has_begun() const { return has_begun_; }
  const HttpRefusal& refusal() const { return refusal_; }

 private:
  struct Callbacks;
  friend struct Callbacks;

  llhttp_t* llhttp() { return reinterpret_cast<llhttp_t*>(memory_); }
  bool Refuse(const char* status, std::string text);  // always false
  bool CountHead(size_t bytes);
  void EndField();
  bool CheckHead();
  bool ScanHead(std::string_view bytes);
  Result RefuseFor(int error);

  // First: its address is how the callbacks find the parser.
  alignas(16) unsigned char memory_[kLlhttpBytes];
  Sink* const sink_;
  const size_t max_head_bytes_;
  RequestHead head_;
  size_t head_bytes_ = 0;
  bool in_value_ = false;
  bool has_begun_ = false;
  // Of the line of the head that is scanned.
  size_t line_bytes_ = 0;
  bool after_cr_ = false;
  bool is_scanned_ = false;  // the whole head
  bool in_body_ = false;
  bool stopped_ = false;
  HttpRefusal refusal_;
};

}  // namespace tensorgate
