// HttpTransport: the REST server of one JavaScript environment: its requests. Those of inference
// that the route table knows are run and answered here; all others are handed to JavaScript as
// events. THREAD: JavaScript's.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "http1/connection.h"
#include "http1/http_socket.h"
#include "napi/transport.h"

namespace tensorgate {

struct HttpTransportOptions {
  HttpLimits limits;
  size_t max_buffered_bytes = 1 << 30;
  size_t max_connections = SIZE_MAX;
  uint64_t timeout_millis = 0;  // of requests of inference; 0: none
  size_t gzip_min_bytes = 0;    // answers from this size on are for JavaScript; 0: none is
  std::string headers;          // lines of every answer that is not JavaScript's
  std::string body_paths;       // a prefix, beside that of inference, under which bodies are read
  // With the transports of other environments: the limit of bytes, and the ports.
  bool shares = false;
  AccessSurface surface = AccessSurface::kPublic;
};

// See NativeHttpEvent in src/native/http.ts.
enum class HttpEventKind : int { kRequest = 0, kGone = 1 };

struct HttpEvent {
  HttpEventKind kind;
  uint64_t id = 0;  // of the request; 0 where nobody waits any more
  const char* method = "";
  std::string target;
  std::string fields;
  std::string identity;
  OutputBuffer body;
  bool has_reply = false;                // `body` is an answer that was made already
  DirectRun::Clock::time_point began{};  // where it has run, or should have
  uint64_t body_bytes = 0;               // then: of the request
  BodyRefusal refusal = BodyRefusal::kNone;
  Status failure;
  bool is_traced = false;
};

class HttpTransport final : public Transport, public HttpOwner {
 public:
  // As Transport. REQUIRES: nothing is missing of llhttp.
  HttpTransport(napi_env env, const Callbacks& callbacks, HttpTransportOptions options,
                Transport** cell);

  // Null when it is answered, or nobody waits any more.
  HttpConnection* FindRequest(uint64_t id);
  Socket* SocketOfRequest(uint64_t id) override;
  // REQUIRES: FindRequest() finds it.
  void Respond(uint64_t id, HttpAnswer answer);

  // HttpOwner
  MemoryBudget* budget() override { return memory(); }
  bool is_leaving() const override { return has_left(); }
  bool OnHead(HttpConnection* connection) override;
  void OnRequest(HttpConnection* connection, BodyRefusal refusal) override;
  void OnOver(HttpConnection* connection) override;
  void OnOutput(HttpConnection* connection) override;
  void OnDeadline(HttpConnection* connection) override;

  // DirectRunOwner
  void OnRunEnded(std::unique_ptr<DirectRun> run) override;

 private:
  ~HttpTransport() override = default;
  Socket* NewSocket(uv_handle_t* stream, uint32_t lent_id) override;
  bool HasEvents() const override { return !events_.empty(); }
  void DeliverEvents(JsCallback* deliver) override;
  uint64_t TickMillis() const override;

  bool RunDirectly(HttpConnection* connection);
  void Answer(HttpConnection* connection, OutputBuffer reply);
  void EndTrace(HttpConnection* connection, std::string_view status);
  HttpEvent& HandOver(HttpConnection* connection);
  HttpEvent& HandOver(HttpConnection* connection, const DirectRun& run);
  void Log(const HttpConnection& connection, const DirectRun& run, bool is_answered);

  const HttpTransportOptions options_;
  uint64_t next_request_ = 1;
  std::unordered_map<uint64_t, HttpConnection*> requests_;  // those that JavaScript knows
  // The targets of requests whose clients are gone while they run, for what failures are counted
  // as.
  std::unordered_map<const DirectRun*, std::string> forsaken_;
  std::vector<HttpEvent> events_;
};

}  // namespace tensorgate
