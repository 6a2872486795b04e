#include "napi/transport.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "access/credential.h"
#include "access/sha256.h"
#include "napi/event_array.h"
#include "napi/process.h"

namespace tensorgate {
namespace {

// A turn goes on while its answers bring further requests of the same clients; then others have
// their turn first.
constexpr int kMostRounds = 8;

class HandleScope {
 public:
  explicit HandleScope(napi_env env) : env_(env) { napi_open_handle_scope(env, &scope_); }
  ~HandleScope() { napi_close_handle_scope(env_, scope_); }

 private:
  napi_env env_;
  napi_handle_scope scope_;
};

// In a time that does not tell where they differ: a proxy's connection carries many clients.
bool IsSame(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

// Has the socket hold the digest of that credential. False: it has none.
bool HasDigest(std::string_view credential, Socket* socket) {
  if (IsSame(credential, socket->credential)) return true;
  socket->credential.clear();
  if (credential.size() > kMostCredentialBytes || Sha256Missing() != nullptr ||
      !Sha256(credential, &socket->credential_digest)) {
    return false;
  }
  socket->credential = credential;
  return true;
}

}  // namespace

Transport::Transport(napi_env env, const Callbacks& callbacks, const char* name, bool shares,
                     AccessSurface surface, std::shared_ptr<MemoryBudget> budget, Transport** cell)
    : deliver_(env, callbacks.deliver, name),
      deliver_sockets_(env, callbacks.deliver_sockets, name),
      cell_(cell),
      shares_(shares),
      access_(Access(surface)),
      read_buffer_(new char[kReadBufferBytes]) {
  napi_add_async_cleanup_hook(
      env,
      [](napi_async_cleanup_hook_handle handle, void* data) {
        auto* self = static_cast<Transport*>(data);
        self->cleanup_ = handle;
        self->env_is_ending_ = true;
        self->deliver_.Forget();
        self->deliver_sockets_.Forget();
        self->Destroy();
        self->CloseHandles();
        self->DeleteWhenDone();
      },
      this, &cleanup_);
  napi_get_uv_event_loop(env, &loop_);

  turn_ = NewHandle(kUvPrepare);
  uv_prepare_init(loop_, turn_);
  uv_prepare_start(turn_, [](uv_handle_t* handle) { Of(handle)->OnTurn(); });
  uv_unref(turn_);
  polled_ = NewHandle(kUvCheck);
  uv_check_init(loop_, polled_);
  uv_check_start(polled_, [](uv_handle_t* handle) { Of(handle)->OnPolled(); });
  uv_unref(polled_);
  ready_ = NewHandle(kUvAsync);
  uv_async_init(loop_, ready_, [](uv_handle_t* handle) { Of(handle)->OnRunsReady(); });
  uv_unref(ready_);
  deadline_timer_ = NewHandle(kUvTimer);
  uv_timer_init(loop_, deadline_timer_);
  uv_unref(deadline_timer_);
  // The one that keeps the process alive until all is closed.
  tick_ = NewHandle(kUvTimer);
  uv_timer_init(loop_, tick_);
  runs_ = std::make_unique<DirectRuns>(this, ready_, std::move(budget));
}

Transport::~Transport() {
  if (cell_ != nullptr) *cell_ = nullptr;
  napi_remove_async_cleanup_hook(cleanup_);
}

void Transport::StartTicking() {
  uv_timer_start(
      tick_, [](uv_handle_t* handle) { Of(handle)->OnTick(); }, TickMillis(), TickMillis());
}

// Whoever the request is from; kNobody where that is not known here. False: a credential came that
// is not known here.
bool Transport::FindPrincipal(std::string_view credential, Socket* socket, uint32_t* principal) {
  *principal = AccessControl::kNobody;
  if (!credential.empty()) {
    if (HasDigest(credential, socket)) *principal = access_.Find(&socket->credential_digest, 1);
    return *principal != AccessControl::kNobody;
  }
  if (!socket->identity.empty()) {
    std::vector<Digest> digests(socket->identity.size() / sizeof(Digest));
    std::memcpy(digests.data(), socket->identity.data(), digests.size() * sizeof(Digest));
    *principal = access_.Find(digests.data(), digests.size());
  }
  if (*principal == AccessControl::kNobody) *principal = access_.Anonymous();
  return true;
}

bool Transport::Admits(std::string_view credential, Socket* socket, std::string_view model,
                       Admission* admission) {
  if (!access_.is_on()) return true;
  uint32_t* const principal = &admission->principal;
  if (*principal == AccessControl::kNobody && !FindPrincipal(credential, socket, principal)) {
    return false;
  }
  return access_.TryAdmit(*principal, AccessMethod::kInfer, model, &admission->ticket).verdict ==
         AccessVerdict::kAdmitted;
}

bool Transport::IsStranger(std::string_view credential, Socket* socket, uint32_t* principal) {
  *principal = AccessControl::kNobody;
  if (!access_.authenticates() || Sha256Missing() != nullptr) return false;
  FindPrincipal(credential, socket, principal);
  return *principal == AccessControl::kNobody && !MayBeToken(credential);
}

std::shared_ptr<RequestTrace> Transport::Trace(DirectRun* run, const Servable& model,
                                               std::string_view traceparent) {
  auto trace = std::make_shared<RequestTrace>();
  trace->traceparent = traceparent;
  trace->model = model.name();
  trace->version = model.version();
  trace->began = run->started;
  run->SetTrace(trace);
  return trace;
}

void Transport::AddToLog(const DirectRun& run, bool is_answered, AccessLine line) {
  line.took = DirectRun::Clock::now() - run.started;
  line.bytes_in = run.request.bytes.size();
  if (is_answered) line.bytes_out = run.reply.size();  // else it may still be written
  line.peer = run.peer;
  const uint32_t principal = run.admission.principal;
  std::string name;
  if (principal != AccessControl::kNobody && principal != access_.Anonymous()) {
    name = access_.NameOf(principal);
  }
  line.principal = name;
  access_lines_->Add(line);
}

// --- the turn of the loop -----------------------------------------------------------------------

void Transport::OnRunsReady() {
  runs_->Collect();
  FlushDirty();
}

// What the poll brought runs before Node has its turn: 4 % of a lone request's time.
void Transport::OnPolled() {
  if (!runs_->has_added()) return;
  runs_->StartAll();
  FlushDirty();
  if (runs_->TakePosted()) Process::Get().runs.Wake();
}

void Transport::OnTurn() {
  bool posted = false;
  for (int round = 0;; ++round) {
    runs_->StartAll();
    if (HasEvents() || !socket_events_.empty()) {
      Deliver();
      posted = true;  // by JavaScript, perhaps
    }
    FlushDirty();
    DeleteDeadLent();
    if (!runs_->has_added() && !HasEvents() && socket_events_.empty()) break;
    if (round < kMostRounds) continue;
    uv_async_send(ready_);  // the loop does not wait then
    break;
  }
  if (runs_->TakePosted() || posted) Process::Get().runs.Wake();
  runs_->EndTurn();
  if (draining_ && !closed_ && socket_count_ == 0 && !HasEvents() && socket_events_.empty()) {
    closed_ = true;
    socket_events_.push_back({SocketEventKind::kClosed, 0, {}});
    Deliver();
    CloseHandles();
  }
}

void Transport::FlushDirty() {
  // By index: a flush may end requests, and mark further sockets.
  for (size_t i = 0; i < dirty_.size(); ++i) {
    Socket* socket = dirty_[i];
    if (socket == nullptr) continue;
    socket->is_dirty = false;
    socket->Flush();
  }
  dirty_.clear();
}

void Transport::Deliver() {
  if (env_is_ending_) return;
  const HandleScope scope(deliver_.env());
  if (HasEvents()) DeliverEvents(&deliver_);
  if (!socket_events_.empty()) DeliverSocketEvents();
}

// [kind, id, bytes, …]
void Transport::DeliverSocketEvents() {
  std::vector<SocketEvent> events;
  events.swap(socket_events_);
  EventArray array(deliver_sockets_.env());
  for (SocketEvent& event : events) {
    array.AddNumber(static_cast<int>(event.kind));
    array.AddNumber(event.id);
    if (event.kind == SocketEventKind::kLentOutput) {
      array.AddBytes(&event.bytes);
    } else {
      array.AddNull();
    }
  }
  deliver_sockets_.Call(array.array());
}

void Transport::Await(Deadlines::Due* due, uint64_t millis) {
  deadlines_.Add(due, NowMillis() + millis);
  ArmDeadlines();
}

void Transport::ArmDeadlines() {
  if (deadlines_.next() >= armed_for_) return;
  armed_for_ = deadlines_.next();
  const uint64_t now = NowMillis();
  uv_timer_start(
      deadline_timer_, [](uv_handle_t* handle) { Of(handle)->OnDeadlines(); },
      armed_for_ > now ? armed_for_ - now : 0, 0);
}

void Transport::OnDeadlines() {
  armed_for_ = UINT64_MAX;
  deadlines_.Tell(NowMillis());
  ArmDeadlines();
}

void Transport::OnTick() {
  Socket* next = nullptr;
  for (Socket* socket = sockets_; socket != nullptr; socket = next) {
    next = socket->next;
    socket->Tick();
  }
}

// --- the end ------------------------------------------------------------------------------------

void Transport::Drain() {
  if (draining_) return;
  draining_ = true;
  for (uv_handle_t* listener : listeners_) AcceptWaiting(listener);
  CloseListeners();
  Socket* next = nullptr;
  for (Socket* socket = sockets_; socket != nullptr; socket = next) {
    next = socket->next;
    socket->Drain();
  }
  if (tick_ != nullptr) StartTicking();
}

void Transport::Destroy() {
  draining_ = true;
  CloseListeners();
  while (sockets_ != nullptr) sockets_->Close();
}

void Transport::Abandon() {
  cell_ = nullptr;
  Destroy();
  CloseHandles();
  DeleteWhenDone();
}

uv_handle_t* Transport::NewHandle(int type) {
  ++open_handles_;
  return NewUvHandle(type, this);
}

void Transport::CloseHandle(uv_handle_t* handle) {
  uv_close(handle, [](uv_handle_t* closed) {
    Transport* self = Of(closed);
    UvFree(closed);
    --self->open_handles_;
    self->DeleteWhenDone();
  });
}

void Transport::CloseListeners() {
  for (uv_handle_t* listener : listeners_) CloseHandle(listener);
  listeners_.clear();
}

void Transport::CloseHandles() {
  if (turn_ == nullptr) return;
  closed_ = true;
  runs_->Close(env_is_ending_);
  DeleteDeadLent();
  for (uv_handle_t** handle : {&turn_, &polled_, &ready_, &deadline_timer_, &tick_}) {
    CloseHandle(*handle);
    *handle = nullptr;
  }
}

void Transport::DeleteDeadLent() {
  for (Socket* socket : dead_lent_) Socket::DeleteLent(socket);
  dead_lent_.clear();
}

void Transport::DeleteWhenDone() {
  const bool is_forgotten = cell_ == nullptr || env_is_ending_;
  if (is_forgotten && closed_ && open_handles_ == 0 && closing_sockets_ == 0) delete this;
}

}  // namespace tensorgate
