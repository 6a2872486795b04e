// GrpcTransport: the gRPC server of one JavaScript environment: its calls. Requests that the route
// table knows are run and answered here; all others are handed to JavaScript as events. THREAD:
// JavaScript's.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "grpc/call.h"
#include "grpc/grpc_socket.h"
#include "napi/transport.h"

namespace tensorgate {

struct GrpcTransportOptions {
  GrpcOptions grpc;
  GrpcSocketLimits socket;
  size_t max_buffered_bytes = 1 << 30;
  // With the transports of other environments: the limit above, and the ports.
  bool shares = false;
  AccessSurface surface = AccessSurface::kPublic;
  bool as_tensor_content = false;
};

// See NativeGrpcEvent in src/native/grpc.ts.
enum class GrpcEventKind : int { kCall = 0, kMessage = 1, kHalfClose = 2, kGone = 3 };

struct GrpcEvent {
  GrpcEventKind kind;
  uint64_t id = 0;  // of the call; of kCall 0 where nobody waits any more
  GrpcMessage message;
  bool has_message = false;
  // Of kCall.
  uint32_t method = 0;
  uint32_t timeout_millis = 0;
  std::string request_id;
  std::string encoding;
  std::string kept_header;
  bool has_kept_header = false;
  std::string credential;
  std::string identity;
  Status failure;
  bool is_traced = false;
  std::string traceparent;
  std::string cache_control;
  DirectRun::Clock::time_point began{};  // where it has run
};

class GrpcTransport final : public Transport, public CallOwner, public StreamFactory {
 public:
  // As Transport. REQUIRES: nothing is missing of nghttp2.
  GrpcTransport(napi_env env, const Callbacks& callbacks, GrpcTransportOptions options,
                Transport** cell);

  // Null when the call is over.
  GrpcCall* FindCall(uint64_t id);
  Socket* SocketOfRequest(uint64_t id) override;

  // CallOwner
  const GrpcOptions& options() const override { return options_.grpc; }
  MemoryBudget* budget() override { return memory(); }
  void OnOpen(GrpcCall* call) override;
  void OnMessage(GrpcCall* call, GrpcMessage message) override;
  void OnHalfClose(GrpcCall* call) override;
  void OnOver(GrpcCall* call) override;
  void OnClosed(GrpcCall* call) override;
  void OnOutput(Connection* connection) override;

  // StreamFactory
  Stream* NewStream(Connection* connection) override;

  // DirectRunOwner
  void OnRunEnded(std::unique_ptr<DirectRun> run) override;

 private:
  ~GrpcTransport() override = default;
  Socket* NewSocket(uv_handle_t* stream, uint32_t lent_id) override;
  bool HasEvents() const override { return !events_.empty(); }
  void DeliverEvents(JsCallback* deliver) override;
  uint64_t TickMillis() const override;

  bool RunDirectly(GrpcCall* call, GrpcMessage* message);
  GrpcEvent& HandOver(GrpcCall* call, GrpcMessage message, bool has_message, Status failure);
  GrpcEvent& AddEvent(GrpcEventKind kind, uint64_t id);
  void EndTrace(GrpcCall* call);
  void Log(const GrpcCall& call, const DirectRun& run, Code status);

  GrpcTransportOptions options_;
  uint64_t next_call_ = 1;
  std::unordered_map<uint64_t, GrpcCall*> calls_;  // those that JavaScript knows
  std::vector<GrpcEvent> events_;
};

}  // namespace tensorgate
