#include "napi/grpc_transport.h"

#include <algorithm>
#include <utility>

#include "napi/grpc_events.h"
#include "napi/process.h"

namespace tensorgate {

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
  uv_prepare_start(turn_, [](uv_handle_t* handle) { Of(handle)->OnTurn(); });
  uv_unref(turn_);
  ready_ = NewHandle(kUvAsync);
  uv_async_init(loop_, ready_, [](uv_handle_t* handle) { Of(handle)->OnRunsReady(); });
  uv_unref(ready_);
  deadline_timer_ = NewHandle(kUvTimer);
  uv_timer_init(loop_, deadline_timer_);
  uv_unref(deadline_timer_);
  // The one that keeps the process alive until all is closed.
  tick_ = NewHandle(kUvTimer);
  uv_timer_init(loop_, tick_);
  uv_timer_start(
      tick_, [](uv_handle_t* handle) { Of(handle)->OnTick(); }, TickMillis(), TickMillis());
  const size_t limit = options_.max_buffered_bytes;
  queue_ = std::make_shared<DirectQueue>(
      ready_, options_.shares ? SharedGrpcBudget(limit) : std::make_shared<MemoryBudget>(limit));
}

GrpcTransport::~GrpcTransport() {
  if (cell_ != nullptr) *cell_ = nullptr;
  if (!env_is_ending_) {
    napi_delete_reference(env_, deliver_);
    napi_async_destroy(env_, context_);
  }
  napi_remove_async_cleanup_hook(cleanup_);
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
  ++opened_calls_;
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
      deadline_timer_, [](uv_handle_t* handle) { Of(handle)->OnDeadlines(); },
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
    GrpcTransport* self = Of(closed);
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
