// Transport: a server of one JavaScript environment, on its event loop, whatever its protocol: its
// listeners and connections, the turn of the loop, its requests that run without JavaScript, and
// its end. Requests that the route table does not know are handed to JavaScript as events, in one
// call for each turn of the loop. THREAD: JavaScript's.
//
// Once in each turn, before the loop waits (OnTurn): events are delivered, what was written goes
// out with one system call for each connection, and the run pool is woken.
#pragma once

#include <napi.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access/access_control.h"
#include "model/route_table.h"
#include "napi/direct_runs.h"
#include "napi/js_callback.h"
#include "napi/process.h"
#include "net/access_lines.h"
#include "net/deadlines.h"
#include "net/shared_port.h"
#include "net/socket.h"
#include "net/uv.h"

namespace tensorgate {

// See NativeSocketEvent in src/native/transport.ts.
enum class SocketEventKind : int {
  kLentOutput = 0,
  kLentPause = 1,
  kLentResume = 2,
  kLentShutDown = 3,
  kLentClose = 4,
  kClosed = 5,
};

class Transport : public SocketOwner, public DirectRunOwner {
 public:
  struct Callbacks {
    Napi::Function deliver;          // gets one flat array of the protocol's events
    Napi::Function deliver_sockets;  // the same, of SocketEventKind
  };

  // REQUIRES: nothing is missing of libuv. It deletes itself once it is closed and abandoned, or at
  // the environment's end; `cell` is then set to null. `shares`: with the transports of other
  // environments, the ports.
  Transport(napi_env env, const Callbacks& callbacks, const char* name, bool shares,
            AccessSurface surface, std::shared_ptr<MemoryBudget> budget, Transport** cell);
  // JavaScript has forgotten it, and with it the cell.
  void Abandon();

  // Null, or libuv's text of what went wrong.
  const char* ListenTcp(const std::string& address, uint16_t port);
  const char* ListenPipe(const std::string& path);

  RouteTable* routes() { return &routes_; }
  MemoryBudget* memory() { return runs_->queue()->budget(); }

  // Requests that have come in.
  uint64_t opened_requests() const { return opened_requests_; }

  // Connections whose bytes JavaScript carries (TLS), by its own numbers.
  void Lend(uint32_t id, std::string peer);
  Socket* FindLent(uint32_t id);
  // Whose request JavaScript has under that number; null where it is over.
  virtual Socket* SocketOfRequest(uint64_t id) = 0;

  // From here on, what is answered without JavaScript is noted for the access log.
  void KeepAccess(double sample, std::chrono::milliseconds slow) {
    access_lines_.emplace(sample, slow);
  }
  // From here on, traced requests run without JavaScript, too.
  void KeepTraces() { traces_.emplace(); }
  // Null: they do not.
  RequestTraces* traces() { return traces_.has_value() ? &*traces_ : nullptr; }
  // Null: there is no access log.
  AccessLines* access_lines() { return access_lines_.has_value() ? &*access_lines_ : nullptr; }

  // Leave: serves on, new connections too, and where the protocol can say it without harm, tells
  // clients to go on elsewhere. A drain may follow.
  void Leave() { has_left_ = true; }
  // Drain: no new connections; kClosed when the last connection is gone. Destroy: at once.
  void Drain();
  void Destroy();

  // SocketOwner
  uint64_t NowMillis() const override { return uv_now(loop_); }
  uv_buf_t ReadBuffer() override;
  void OnSocketDirty(Socket* socket) override;
  void OnLentOutput(Socket* socket, const SendQueue& bytes) override;
  void OnLentReading(Socket* socket, bool reads) override;
  void OnLentShutDown(Socket* socket) override;
  void OnLentClose(Socket* socket) override;
  void OnSocketClosed(Socket* socket) override;
  void OnSocketFreed() override;

 protected:
  ~Transport() override;

  // Null: no more connections are taken. OWNERSHIP: as Socket has it.
  virtual Socket* NewSocket(uv_handle_t* stream, uint32_t lent_id) = 0;
  virtual bool HasEvents() const = 0;
  // REQUIRES: a handle scope is open.
  virtual void DeliverEvents(JsCallback* deliver) = 0;
  // UNITS: milliseconds between two looks at ages and timeouts.
  virtual uint64_t TickMillis() const = 0;

  DirectRuns* runs() { return runs_.get(); }
  // Whether a request with that credential, or else by whom the connection is from, may run on the
  // model now. False: JavaScript looks at it, and says what is wrong.
  bool Admits(std::string_view credential, Socket* socket, std::string_view model,
              Admission* admission);
  // Whether it is refused for certain, so that its body is not worth the memory. Else `principal`,
  // where it is known, saves Admits() the look-up: with a policy that has been replaced since, it
  // is not admitted there.
  bool IsStranger(std::string_view credential, Socket* socket, uint32_t* principal);
  // Asks for the client's address as long as it is connected.
  void NotePeer(Socket* socket, DirectRun* run) {
    if (access_lines_.has_value()) run->peer = socket->Peer();
  }
  // Whether the access log is to have a run whose request ends here: all that are not answered.
  bool IsForLog(const DirectRun& run, bool is_answered) {
    return access_lines_.has_value() &&
           (!is_answered || access_lines_->Wants(DirectRun::Clock::now() - run.started));
  }
  // Gives a run its trace, to which the caller adds what its protocol alone knows. REQUIRES:
  // traces().
  std::shared_ptr<RequestTrace> Trace(DirectRun* run, const Servable& model,
                                      std::string_view traceparent);
  void NoteTraceRun(DirectRun* run) {
    if (run->trace != nullptr) traces_->NoteRun(std::move(run->trace), *run->TakeSpans());
  }
  // As RequestTraces::NoteEnd; nothing where there is no trace.
  void NoteTraceEnd(std::shared_ptr<RequestTrace>* trace, int status, std::string_view message) {
    if (*trace != nullptr) traces_->NoteEnd(std::move(*trace), status, message);
  }
  // Has it there, with what its protocol alone knows.
  void AddToLog(const DirectRun& run, bool is_answered, AccessLine line);
  void CountRequest() { ++opened_requests_; }
  void Await(Deadlines::Due* due, uint64_t millis);
  void Forget(Deadlines::Due* due) { deadlines_.Remove(due); }
  size_t socket_count() const { return socket_count_; }
  bool is_draining() const { return draining_; }
  bool has_left() const { return has_left_; }
  // To be called by the constructor of the last class.
  void StartTicking();

 private:
  static constexpr size_t kReadBufferBytes = 256 << 10;

  struct SocketEvent {
    SocketEventKind kind;
    uint32_t id = 0;
    OutputBuffer bytes;
  };

  static Transport* Of(const uv_handle_t* handle) {
    return static_cast<Transport*>(uv_handle_get_data(handle));
  }
  template <int kType>
  static void OnAcceptable(uv_handle_t* listener, int status);
  uv_handle_t* NewStream(int type);
  void Accept(uv_handle_t* listener, int type);
  // What the kernel has accepted already: it would be reset with the listener, and libuv takes one
  // connection in a turn.
  void AcceptWaiting(uv_handle_t* listener);
  void Take(uv_handle_t* stream, int type);
  const char* Listening(uv_handle_t* listener, int status, int type);
  void Add(Socket* socket);

  bool FindPrincipal(std::string_view credential, Socket* socket, uint32_t* principal);
  void OnRunsReady();
  void OnPolled();
  void OnTurn();
  void Deliver();
  void DeliverSocketEvents();
  void FlushDirty();
  void DeleteDeadLent();
  void OnDeadlines();
  void ArmDeadlines();
  void OnTick();
  uv_handle_t* NewHandle(int type);
  void CloseHandle(uv_handle_t* handle);
  void CloseListeners();
  void CloseHandles();
  void DeleteWhenDone();

  JsCallback deliver_;
  JsCallback deliver_sockets_;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  Transport** cell_;
  const bool shares_;
  AccessControl& access_;
  bool env_is_ending_ = false;

  uv_loop_s* loop_ = nullptr;
  uv_handle_t* turn_ = nullptr;
  uv_handle_t* polled_ = nullptr;
  uv_handle_t* ready_ = nullptr;
  uv_handle_t* deadline_timer_ = nullptr;
  uv_handle_t* tick_ = nullptr;
  size_t open_handles_ = 0;  // all but those of sockets
  std::vector<uv_handle_t*> listeners_;
  std::unique_ptr<char[]> read_buffer_;

  Socket* sockets_ = nullptr;
  size_t socket_count_ = 0;
  size_t closing_sockets_ = 0;
  std::unordered_map<uint32_t, Socket*> lent_;
  std::vector<Socket*> dead_lent_;
  std::vector<Socket*> dirty_;
  std::vector<SocketEvent> socket_events_;

  uint64_t opened_requests_ = 0;
  std::optional<AccessLines> access_lines_;
  std::optional<RequestTraces> traces_;
  Deadlines deadlines_;
  uint64_t armed_for_ = UINT64_MAX;

  RouteTable routes_;
  std::unique_ptr<DirectRuns> runs_;
  bool has_left_ = false;
  bool draining_ = false;
  bool closed_ = false;
};

}  // namespace tensorgate
