// GrpcTransport: the gRPC server of one JavaScript environment, on its event loop: listeners,
// connections, calls and their deadlines. Requests that the route table knows are run and answered
// here; all others are handed to JavaScript as events, in one call for each turn of the loop.
// THREAD: JavaScript's.
//
// Once in each turn, before the loop waits (OnTurn): events are delivered, what was written goes
// out with one system call for each connection, and the run pool is woken.
#pragma once

#include <napi.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "grpc/call.h"
#include "napi/direct_run.h"
#include "napi/grpc_socket.h"
#include "napi/uv.h"
#include "runtime/route_table.h"

namespace tensorgate {

struct TransportOptions {
  GrpcOptions grpc;
  SocketLimits socket;
  size_t max_buffered_bytes = 1 << 30;
  bool as_tensor_content = false;
};

// See NativeGrpcEvent in src/native/grpc.ts.
enum class GrpcEventKind : int {
  kCall = 0,
  kMessage = 1,
  kHalfClose = 2,
  kGone = 3,
  kLentOutput = 4,
  kLentClose = 5,
  kClosed = 6,
};

struct GrpcEvent {
  GrpcEventKind kind;
  uint64_t id = 0;  // of the call, or of the lent socket; of kCall 0 where nobody waits any more
  GrpcMessage message;
  bool has_message = false;
  // Of kCall.
  uint32_t method = 0;
  uint32_t timeout_millis = 0;
  std::string request_id;
  std::string encoding;
  std::string kept_header;
  bool has_kept_header = false;
  Status failure;
};

class GrpcTransport final : public CallOwner, public StreamFactory, public SocketOwner {
 public:
  // `deliver` gets one flat array of events. REQUIRES: nothing is missing of nghttp2 and libuv.
  // It deletes itself once it is closed and abandoned, or at the environment's end; `cell` is then
  // set to null.
  GrpcTransport(napi_env env, Napi::Function deliver, TransportOptions options,
                GrpcTransport** cell);
  // JavaScript has forgotten it, and with it the cell.
  void Abandon();

  // Null, or libuv's text of what went wrong.
  const char* ListenTcp(const std::string& address, uint16_t port);
  const char* ListenPipe(const std::string& path);

  RouteTable* routes() { return &routes_; }

  // Null when the call is over.
  GrpcCall* FindCall(uint64_t id);

  // Connections whose bytes JavaScript carries (TLS), by its own numbers.
  void Lend(uint32_t id);
  GrpcSocket* FindLent(uint32_t id);

  // Drain: no new connections and calls; kClosed when the last connection is gone. Destroy: at
  // once.
  void Drain();
  void Destroy();

  // CallOwner
  const GrpcOptions& options() const override { return options_.grpc; }
  MemoryBudget* budget() override { return queue_->budget(); }
  void OnOpen(GrpcCall* call) override;
  void OnMessage(GrpcCall* call, GrpcMessage message) override;
  void OnHalfClose(GrpcCall* call) override;
  void OnOver(GrpcCall* call) override;
  void OnClosed(GrpcCall* call) override;
  void OnOutput(Connection* connection) override;

  // StreamFactory
  Stream* NewStream(Connection* connection) override;

  // SocketOwner
  const SocketLimits& socket_limits() const override { return options_.socket; }
  uint64_t NowMillis() const override;
  uv_buf_t ReadBuffer() override;
  void OnLentOutput(GrpcSocket* socket, std::string_view bytes) override;
  void OnLentClose(GrpcSocket* socket) override;
  void OnSocketClosed(GrpcSocket* socket) override;
  void OnSocketFreed() override;
  void OnSocketInput(GrpcSocket* socket) override;

 private:
  static constexpr size_t kReadBufferBytes = 256 << 10;

  ~GrpcTransport() override;
  static GrpcTransport* Of(const uv_handle_t* handle) {
    return static_cast<GrpcTransport*>(uv_handle_get_data(handle));
  }
  template <int kType>
  static void OnAcceptable(uv_handle_t* listener, int status);
  void Accept(uv_handle_t* listener, int type);
  const char* Listening(uv_handle_t* listener, int status, int type);
  GrpcSocket* Add(uv_handle_t* stream, uint32_t lent_id);

  bool RunDirectly(GrpcCall* call, GrpcMessage* message);
  void Post(std::vector<std::unique_ptr<DirectRun>> runs);
  void PostShortRuns();
  void OnRunsReady();
  void Answer();
  void HandOver(GrpcCall* call, GrpcMessage message, bool has_message, Status failure);
  GrpcEvent& AddEvent(GrpcEventKind kind, uint64_t id);
  uint32_t MillisLeft(const GrpcCall& call) const;
  void MarkDirty(GrpcSocket* socket);

  void OnTurn();
  void Deliver();
  void FlushDirty();
  void OnDeadlines();
  void ArmDeadlines();
  void OnTick();
  uint64_t TickMillis() const;
  uv_handle_t* NewHandle(int type);
  void CloseHandle(uv_handle_t* handle);
  void CloseListeners();
  void CloseHandles();
  void DeleteWhenDone();

  napi_env const env_;
  TransportOptions options_;
  napi_ref deliver_ = nullptr;
  napi_async_context context_ = nullptr;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  GrpcTransport** cell_;
  bool env_is_ending_ = false;

  uv_loop_s* loop_ = nullptr;
  uv_handle_t* turn_ = nullptr;
  uv_handle_t* ready_ = nullptr;
  uv_handle_t* deadline_timer_ = nullptr;
  uv_handle_t* tick_ = nullptr;
  size_t open_handles_ = 0;  // all but those of sockets
  std::vector<uv_handle_t*> listeners_;
  std::unique_ptr<char[]> read_buffer_;

  GrpcSocket* sockets_ = nullptr;
  size_t socket_count_ = 0;
  size_t closing_sockets_ = 0;
  std::unordered_map<uint32_t, GrpcSocket*> lent_;
  std::vector<GrpcSocket*> dead_lent_;
  std::vector<GrpcSocket*> dirty_;

  uint64_t next_call_ = 1;
  std::unordered_map<uint64_t, GrpcCall*> calls_;  // those that JavaScript knows
  std::multimap<uint64_t, GrpcCall*> deadlines_;   // by the time in milliseconds
  uint64_t armed_for_ = UINT64_MAX;
  std::vector<GrpcEvent> events_;

  RouteTable routes_;
  std::shared_ptr<DirectQueue> queue_;
  std::vector<std::unique_ptr<DirectRun>> short_runs_;  // of this turn
  std::vector<std::unique_ptr<DirectRun>> finished_;
  size_t runs_ = 0;  // not answered
  bool posted_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace tensorgate
