#include "napi/grpc_transport.h"

#include <netinet/in.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "napi/environment.h"
#include "napi/grpc_events.h"
#include "napi/inference_binding.h"
#include "napi/process.h"

namespace tensorgate {
namespace {

constexpr size_t kReadBufferBytes = 256 << 10;
constexpr int kBacklog = 511;

GrpcTransport* TransportOf(const uv_handle_t* handle) {
  return static_cast<GrpcTransport*>(uv_handle_get_data(handle));
}

}  // namespace

GrpcTransport::GrpcTransport(napi_env env, Napi::Function deliver, TransportOptions options,
                             GrpcTransport** cell)
    : env_(env),
      options_(std::move(options)),
      cell_(cell),
      read_buffer_(new char[kReadBufferBytes]) {
  napi_create_reference(env, deliver, 1, &deliver_);
  napi_value name = Napi::String::New(env, "tensorgate gRPC");
  napi_async_init(env, nullptr, name, &context_);
  napi_add_async_cleanup_hook(
      env,
      [](napi_async_cleanup_hook_handle handle, void* data) {
        auto* self = static_cast<GrpcTransport*>(data);
        self->cleanup_ = handle;
        self->env_is_ending_ = true;
        self->Destroy();
        self->CloseHandles();
        self->DeleteWhenDone();
      },
      this, &cleanup_);
  napi_get_uv_event_loop(env, &loop_);

  turn_ = NewHandle(kUvPrepare);
  uv_prepare_init(loop_, turn_);
  uv_prepare_start(turn_, [](uv_handle_t* handle) { TransportOf(handle)->OnTurn(); });
  uv_unref(turn_);
  ready_ = NewHandle(kUvAsync);
  uv_async_init(loop_, ready_, [](uv_handle_t* handle) { TransportOf(handle)->OnRunsReady(); });
  uv_unref(ready_);
  deadline_timer_ = NewHandle(kUvTimer);
  uv_timer_init(loop_, deadline_timer_);
  uv_unref(deadline_timer_);
  // The one that keeps the process alive until all is closed.
  tick_ = NewHandle(kUvTimer);
  uv_timer_init(loop_, tick_);
  uv_timer_start(
      tick_, [](uv_handle_t* handle) { TransportOf(handle)->OnTick(); }, TickMillis(),
      TickMillis());
  queue_ = std::make_shared<DirectQueue>(ready_, options_.max_buffered_bytes);
}

GrpcTransport::~GrpcTransport() {
  if (cell_ != nullptr) *cell_ = nullptr;
  if (!env_is_ending_) {
    napi_delete_reference(env_, deliver_);
    napi_async_destroy(env_, context_);
  }
  napi_remove_async_cleanup_hook(cleanup_);
}

// --- listeners and connections ------------------------------------------------------------------

const char* GrpcTransport::ListenTcp(const std::string& address, uint16_t port) {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } where{};
  if (uv_inet_pton(AF_INET, address.c_str(), &where.v4.sin_addr) == 0) {
    where.v4.sin_family = AF_INET;
    where.v4.sin_port = htons(port);
  } else if (uv_inet_pton(AF_INET6, address.c_str(), &where.v6.sin6_addr) == 0) {
    where.v6.sin6_family = AF_INET6;
    where.v6.sin6_port = htons(port);
  } else {
    return "no IP address";
  }
  uv_handle_t* listener = NewHandle(kUvTcp);
  uv_tcp_init(loop_, listener);
  return Listening(listener, uv_tcp_bind(listener, &where.any, 0), kUvTcp);
}

const char* GrpcTransport::ListenPipe(const std::string& path) {
  uv_handle_t* listener = NewHandle(kUvPipe);
  uv_pipe_init(loop_, listener, 0);
  return Listening(listener, uv_pipe_bind(listener, path.c_str()), kUvPipe);
}

template <int kType>
void GrpcTransport::OnAcceptable(uv_handle_t* listener, int status) {
  if (status == 0) TransportOf(listener)->Accept(listener, kType);
}

const char* GrpcTransport::Listening(uv_handle_t* listener, int status, int type) {
  if (status == 0) {
    status = uv_listen(listener, kBacklog,
                       type == kUvTcp ? &OnAcceptable<kUvTcp> : &OnAcceptable<kUvPipe>);
  }
  if (status == 0) {
    listeners_.push_back(listener);
    return nullptr;
  }
  CloseHandle(listener);
  return uv_strerror(status);
}

void GrpcTransport::Accept(uv_handle_t* listener, int type) {
  uv_handle_t* stream = NewUvHandle(type, nullptr);
  if (type == kUvTcp) {
    uv_tcp_init(loop_, stream);
  } else {
    uv_pipe_init(loop_, stream, 0);
  }
  if (uv_accept(listener, stream) != 0) {
    uv_close(stream, &UvFree);
    return;
  }
  if (type == kUvTcp) uv_tcp_nodelay(stream, 1);
  GrpcSocket* socket = Add(stream, 0);
  if (socket->Start()) MarkDirty(socket);
}

GrpcSocket* GrpcTransport::Add(uv_handle_t* stream, uint32_t lent_id) {
  auto* socket = new GrpcSocket(options_.grpc.connection, this, this, stream, lent_id);
  socket->next = sockets_;
  if (sockets_ != nullptr) sockets_->previous = socket;
  sockets_ = socket;
  ++socket_count_;
  return socket;
}

void GrpcTransport::Lend(uint32_t id) {
  GrpcSocket* socket = Add(nullptr, id);
  lent_.emplace(id, socket);
  MarkDirty(socket);
}

GrpcSocket* GrpcTransport::FindLent(uint32_t id) {
  const auto found = lent_.find(id);
  return found == lent_.end() ? nullptr : found->second;
}

uint64_t GrpcTransport::NowMillis() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

uv_buf_t GrpcTransport::ReadBuffer() { return {read_buffer_.get(), kReadBufferBytes}; }

void GrpcTransport::OnLentOutput(GrpcSocket* socket, std::string_view bytes) {
  GrpcEvent& event = AddEvent(GrpcEventKind::kLentOutput, socket->lent_id());
  event.message.bytes.Append(bytes);
  event.has_message = true;
}

void GrpcTransport::OnLentClose(GrpcSocket* socket) {
  AddEvent(GrpcEventKind::kLentClose, socket->lent_id());
  lent_.erase(socket->lent_id());
  dead_lent_.push_back(socket);
}

void GrpcTransport::OnSocketClosed(GrpcSocket* socket) {
  if (socket->previous != nullptr) socket->previous->next = socket->next;
  if (socket->next != nullptr) socket->next->previous = socket->previous;
  if (sockets_ == socket) sockets_ = socket->next;
  --socket_count_;
  if (socket->is_dirty) std::replace(dirty_.begin(), dirty_.end(), socket, (GrpcSocket*)nullptr);
  if (socket->lent_id() == 0) ++closing_sockets_;
}

void GrpcTransport::OnSocketFreed() {
  --closing_sockets_;
  DeleteWhenDone();
}

void GrpcTransport::OnSocketInput(GrpcSocket* socket) { MarkDirty(socket); }

void GrpcTransport::MarkDirty(GrpcSocket* socket) {
  if (socket->is_dirty || socket->is_closing()) return;
  socket->is_dirty = true;
  dirty_.push_back(socket);
}

void GrpcTransport::OnOutput(Connection* connection) {
  MarkDirty(static_cast<GrpcSocket*>(connection->tag));
}

// --- calls --------------------------------------------------------------------------------------

Stream* GrpcTransport::NewStream(Connection*) { return new GrpcCall(this); }

void GrpcTransport::OnClosed(GrpcCall* call) { delete call; }

GrpcCall* GrpcTransport::FindCall(uint64_t id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second;
}

GrpcEvent& GrpcTransport::AddEvent(GrpcEventKind kind, uint64_t id) {
  events_.emplace_back();
  events_.back().kind = kind;
  events_.back().id = id;
  return events_.back();
}

void GrpcTransport::OnOpen(GrpcCall* call) {
  if (call->timeout_millis() > 0) {
    call->tags.deadline = deadlines_.emplace(NowMillis() + call->timeout_millis(), call);
    call->tags.has_deadline = true;
    ArmDeadlines();
  }
  if (call->method().streaming == GrpcStreaming::kBoth) HandOver(call, {}, false, Status());
}

void GrpcTransport::OnMessage(GrpcCall* call, GrpcMessage message) {
  if (call->method().streaming == GrpcStreaming::kBoth) {
    GrpcEvent& event = AddEvent(GrpcEventKind::kMessage, call->tags.id);
    event.message = std::move(message);
    event.has_message = true;
    event.encoding = call->encoding();
  } else if (!RunDirectly(call, &message)) {
    HandOver(call, std::move(message), true, Status());
  }
}

void GrpcTransport::OnHalfClose(GrpcCall* call) {
  AddEvent(GrpcEventKind::kHalfClose, call->tags.id);
}

void GrpcTransport::OnOver(GrpcCall* call) {
  if (call->tags.has_deadline) deadlines_.erase(call->tags.deadline);
  call->tags.has_deadline = false;
  if (call->tags.run != nullptr) {
    auto* run = static_cast<DirectRun*>(call->tags.run);
    run->call = nullptr;
    run->gone.store(true, std::memory_order_relaxed);
    call->tags.run = nullptr;
  }
  if (call->tags.id == 0) return;
  calls_.erase(call->tags.id);
  if (call->method().streaming != GrpcStreaming::kNone) {
    AddEvent(GrpcEventKind::kGone, call->tags.id);
  }
}

// UNITS: 0 is none.
uint32_t GrpcTransport::MillisLeft(const GrpcCall& call) const {
  if (!call.tags.has_deadline) return 0;
  const uint64_t now = NowMillis();
  const uint64_t deadline = call.tags.deadline->first;
  return deadline <= now + 1 ? 1 : static_cast<uint32_t>(deadline - now);
}

void GrpcTransport::HandOver(GrpcCall* call, GrpcMessage message, bool has_message,
                             Status failure) {
  const uint64_t id = next_call_++;
  calls_.emplace(id, call);
  call->tags.id = id;
  GrpcEvent& event = AddEvent(GrpcEventKind::kCall, id);
  event.message = std::move(message);
  event.has_message = has_message;
  call->tags.held = std::move(event.message.held);  // for as long as JavaScript may have the bytes
  event.method = call->method().index;
  event.timeout_millis = MillisLeft(*call);
  event.request_id = call->request_id();
  event.encoding = call->encoding();
  if (call->kept_header() != nullptr) {
    event.kept_header = *call->kept_header();
    event.has_kept_header = true;
  }
  event.failure = std::move(failure);
}

// False: it is for JavaScript to say what is wrong, or what to do.
bool GrpcTransport::RunDirectly(GrpcCall* call, GrpcMessage* message) {
  if (call->method().inference < 0 || message->compressed) return false;
  const auto method = static_cast<Method>(call->method().inference);
  ModelSpecView spec;
  if (!ReadModelSpec(message->bytes.view(), &spec).ok()) return false;
  std::shared_ptr<const SavedModel> model = routes_.Find(spec);
  if (model == nullptr) return false;
  auto run = std::make_unique<DirectRun>(queue_, call, method, std::move(model),
                                         options_.as_tensor_content);
  run->request = std::move(*message);
  run->method_index = call->method().index;
  if (const uint32_t left = MillisLeft(*call); left > 0) {
    run->deadline = run->started + std::chrono::milliseconds(left);
  }
  call->tags.run = run.get();
  if (run->is_short()) {
    short_runs_.push_back(std::move(run));
  } else {
    std::vector<std::unique_ptr<DirectRun>> alone;
    alone.push_back(std::move(run));
    Post(std::move(alone));
  }
  return true;
}

void GrpcTransport::Post(std::vector<std::unique_ptr<DirectRun>> runs) {
  auto* burst = new DirectBurst(queue_, std::move(runs));
  std::unique_ptr<Job> job(burst);
  posted_ = true;
  if (Process::Get().runs.Post(&job)) return;
  for (std::unique_ptr<DirectRun>& run : burst->runs()) {
    run->status = QueueFull();
    finished_.push_back(std::move(run));
  }
  Answer();
}

// Each thread gets as many as the others, but no more than it answers together.
void GrpcTransport::PostShortRuns() {
  const size_t threads = Process::Get().runs.threads();
  const size_t share = (short_runs_.size() + threads - 1) / threads;
  const size_t most = std::min(share, DirectBurst::kMostRuns);
  std::vector<std::unique_ptr<DirectRun>> runs;
  for (std::unique_ptr<DirectRun>& run : short_runs_) {
    runs.push_back(std::move(run));
    if (runs.size() == most) Post(std::exchange(runs, {}));
  }
  short_runs_.clear();
  if (!runs.empty()) Post(std::move(runs));
}

void GrpcTransport::OnRunsReady() {
  queue_->Take(&finished_);
  Answer();
  FlushDirty();
}

void GrpcTransport::Answer() {
  for (std::unique_ptr<DirectRun>& run : finished_) {
    GrpcCall* call = run->call;
    if (call != nullptr) call->tags.run = nullptr;
    if (run->status.ok()) {
      run->statistics->requests(run->method).Record(DirectRun::Clock::now() - run->started);
      if (call != nullptr) call->Reply(std::move(run->reply));
    } else if (call != nullptr) {
      HandOver(call, std::move(run->request), true, std::move(run->status));
    } else {
      GrpcEvent& event = AddEvent(GrpcEventKind::kCall, 0);
      event.message = std::move(run->request);
      event.has_message = true;
      event.method = run->method_index;
      event.failure = std::move(run->status);
    }
  }
  finished_.clear();
}

// --- the turn of the loop -----------------------------------------------------------------------

void GrpcTransport::OnTurn() {
  PostShortRuns();
  if (!events_.empty()) {
    Deliver();
    posted_ = true;  // by JavaScript, perhaps
  }
  FlushDirty();
  for (GrpcSocket* socket : dead_lent_) GrpcSocket::DeleteLent(socket);
  dead_lent_.clear();
  if (posted_) {
    posted_ = false;
    Process::Get().runs.Wake();
  }
  if (draining_ && !closed_ && socket_count_ == 0 && events_.empty()) {
    closed_ = true;
    AddEvent(GrpcEventKind::kClosed, 0);
    Deliver();
    CloseHandles();
  }
}

void GrpcTransport::FlushDirty() {
  // By index: a flush may end calls, but marks no further sockets.
  for (size_t i = 0; i < dirty_.size(); ++i) {
    GrpcSocket* socket = dirty_[i];
    if (socket == nullptr) continue;
    socket->is_dirty = false;
    socket->Flush();
  }
  dirty_.clear();
}

void GrpcTransport::Deliver() {
  std::vector<GrpcEvent> events;
  events.swap(events_);
  const auto is_open = [this](uint64_t id) { return calls_.count(id) != 0; };
  if (!env_is_ending_) DeliverGrpcEvents(env_, deliver_, context_, &events, is_open);
}

void GrpcTransport::ArmDeadlines() {
  if (deadlines_.empty() || deadlines_.begin()->first >= armed_for_) return;
  armed_for_ = deadlines_.begin()->first;
  const uint64_t now = NowMillis();
  uv_timer_start(
      deadline_timer_, [](uv_handle_t* handle) { TransportOf(handle)->OnDeadlines(); },
      armed_for_ > now ? armed_for_ - now : 0, 0);
}

void GrpcTransport::OnDeadlines() {
  armed_for_ = UINT64_MAX;
  const uint64_t now = NowMillis();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    deadlines_.begin()->second->End(Code::kDeadlineExceeded, "Deadline exceeded");
  }
  ArmDeadlines();
}

void GrpcTransport::OnTick() {
  GrpcSocket* next = nullptr;
  for (GrpcSocket* socket = sockets_; socket != nullptr; socket = next) {
    next = socket->next;
    socket->Tick();
  }
}

uint64_t GrpcTransport::TickMillis() const {
  const SocketLimits& limits = options_.socket;
  uint64_t least = 4000;
  for (uint64_t each : {limits.keepalive, limits.keepalive_timeout, limits.max_age,
                        limits.max_age_grace, limits.max_idle}) {
    if (each > 0) least = std::min(least, each);
  }
  return std::max<uint64_t>(least / 4, 20);
}

// --- the end ------------------------------------------------------------------------------------

void GrpcTransport::Drain() {
  if (draining_) return;
  draining_ = true;
  CloseListeners();
  GrpcSocket* next = nullptr;
  for (GrpcSocket* socket = sockets_; socket != nullptr; socket = next) {
    next = socket->next;
    socket->Drain();
  }
}

void GrpcTransport::Destroy() {
  draining_ = true;
  CloseListeners();
  while (sockets_ != nullptr) sockets_->Close();
}

void GrpcTransport::Abandon() {
  cell_ = nullptr;
  Destroy();
  CloseHandles();
  DeleteWhenDone();
}

uv_handle_t* GrpcTransport::NewHandle(int type) {
  ++open_handles_;
  return NewUvHandle(type, this);
}

void GrpcTransport::CloseHandle(uv_handle_t* handle) {
  uv_close(handle, [](uv_handle_t* closed) {
    GrpcTransport* self = TransportOf(closed);
    UvFree(closed);
    --self->open_handles_;
    self->DeleteWhenDone();
  });
}

void GrpcTransport::CloseListeners() {
  for (uv_handle_t* listener : listeners_) CloseHandle(listener);
  listeners_.clear();
}

void GrpcTransport::CloseHandles() {
  if (turn_ == nullptr) return;
  closed_ = true;
  short_runs_.clear();  // and with them their hold on models
  queue_->Close();
  for (GrpcSocket* socket : dead_lent_) GrpcSocket::DeleteLent(socket);
  dead_lent_.clear();
  for (uv_handle_t** handle : {&turn_, &ready_, &deadline_timer_, &tick_}) {
    CloseHandle(*handle);
    *handle = nullptr;
  }
}

void GrpcTransport::DeleteWhenDone() {
  const bool is_forgotten = cell_ == nullptr || env_is_ending_;
  if (is_forgotten && closed_ && open_handles_ == 0 && closing_sockets_ == 0) delete this;
}

}  // namespace tensorgate
