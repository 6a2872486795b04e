#include "napi/grpc_socket.h"

#include <cerrno>
#include <cstdlib>

namespace tensorgate {
namespace {

constexpr size_t kPullBytes = 256 << 10;
constexpr size_t kKeptOutputBytes = 64 << 10;
constexpr uint64_t kPrefaceMillis = 20'000;
constexpr uint64_t kStalledMillis = 60'000;
constexpr uint64_t kDrainNoticeMillis = 1'000;

GrpcSocket* SocketOf(const uv_handle_t* handle) {
  return static_cast<GrpcSocket*>(uv_handle_get_data(handle));
}

bool HasPassed(uint64_t now, uint64_t since, uint64_t millis) {
  return millis > 0 && now >= since + millis;
}

}  // namespace

GrpcSocket::GrpcSocket(const ConnectionLimits& limits, StreamFactory* factory, SocketOwner* owner,
                       uv_handle_t* stream, uint32_t lent_id)
    : owner_(owner),
      stream_(stream),
      lent_id_(lent_id),
      connection_(new Connection(limits, factory)),
      opened_at_(owner->NowMillis()),
      received_at_(opened_at_),
      busy_at_(opened_at_),
      progress_at_(opened_at_) {
  connection_->tag = this;
  if (stream_ == nullptr) return;
  uv_handle_set_data(stream_, this);
  write_request_ = static_cast<uv_req_t*>(std::malloc(uv_req_size(kUvWrite)));
  if (write_request_ == nullptr) std::abort();
  uv_req_set_data(write_request_, this);
}

GrpcSocket::~GrpcSocket() { std::free(write_request_); }

void GrpcSocket::DeleteLent(GrpcSocket* socket) { delete socket; }

bool GrpcSocket::Start() {
  if (uv_read_start(stream_, &OnAlloc, &OnRead) == 0) return true;
  Close();
  return false;
}

void GrpcSocket::OnAlloc(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  *buffer = SocketOf(handle)->owner_->ReadBuffer();
}

void GrpcSocket::OnRead(uv_handle_t* handle, ssize_t size, const uv_buf_t* buffer) {
  GrpcSocket* self = SocketOf(handle);
  if (self->is_closing() || size == 0) return;
  if (size < 0) return self->Close();
  self->Receive({buffer->base, static_cast<size_t>(size)});
}

void GrpcSocket::Receive(std::string_view bytes) {
  if (is_closing()) return;
  received_at_ = owner_->NowMillis();
  pinged_ = false;
  if (!connection_->Receive(bytes, received_at_)) {
    Flush();  // with the reason, and closes
    return;
  }
  owner_->OnSocketInput(this);
}

void GrpcSocket::Flush() {
  bool ok = true;
  while (ok && !writing_ && !is_closing()) {
    out_.Clear();
    ok = connection_->Pull(&out_, kPullBytes);
    if (out_.size() == 0) break;
    Write();
  }
  if (is_closing() || writing_) return;
  if (!ok || connection_->is_over()) return Close();
}

// What cannot be written at once stays in out_ until OnWritten().
void GrpcSocket::Write() {
  if (stream_ == nullptr) {
    writing_ = true;
    owner_->OnLentOutput(this, out_.view());
    return;
  }
  const std::string_view bytes = out_.view();
  uv_buf_t buffer{const_cast<char*>(bytes.data()), bytes.size()};
  const int written = uv_try_write(stream_, &buffer, 1);
  if (written < 0 && written != -EAGAIN) return Close();
  if (written > 0) {
    progress_at_ = owner_->NowMillis();
    buffer.base += written;
    buffer.len -= static_cast<size_t>(written);
  }
  if (buffer.len == 0) return;
  if (uv_write(write_request_, stream_, &buffer, 1, &OnWritten) != 0) return Close();
  writing_ = true;
}

void GrpcSocket::OnWritten(uv_req_t* request, int status) {
  auto* self = static_cast<GrpcSocket*>(uv_req_get_data(request));
  self->writing_ = false;
  if (self->is_closing()) return;
  if (status < 0) return self->Close();
  self->Written();
}

void GrpcSocket::Written() {
  if (is_closing()) return;
  writing_ = false;
  progress_at_ = owner_->NowMillis();
  Flush();
}

void GrpcSocket::Drain() {
  if (is_closing() || draining_) return;
  draining_ = true;
  drained_at_ = owner_->NowMillis();
  connection_->Drain();
  Flush();
}

void GrpcSocket::Tick() {
  if (is_closing()) return;
  const uint64_t now = owner_->NowMillis();
  const SocketLimits& limits = owner_->socket_limits();
  if (connection_->streams() > 0) busy_at_ = now;
  if (!writing_ && connection_->queued_bytes() == 0) {
    progress_at_ = now;
    // Kept from one large answer to the next, but not for ever.
    if (out_.capacity() > kKeptOutputBytes && connection_->streams() == 0) out_ = OutputBuffer();
  }
  const bool never_spoke =
      !connection_->has_preface() && HasPassed(now, opened_at_, kPrefaceMillis);
  if (never_spoke || HasPassed(now, progress_at_, kStalledMillis)) return Close();
  if (HasPassed(now, opened_at_, limits.max_age) || HasPassed(now, busy_at_, limits.max_idle)) {
    Drain();
    if (is_closing()) return;
  }
  if (draining_ && now >= drained_at_ + kDrainNoticeMillis) connection_->FinishDrain();
  if (limits.max_age > 0 && HasPassed(now, opened_at_ + limits.max_age, limits.max_age_grace)) {
    return Close();
  }
  if (pinged_ && HasPassed(now, pinged_at_, limits.keepalive_timeout)) return Close();
  if (!pinged_ && HasPassed(now, received_at_, limits.keepalive)) {
    pinged_ = true;
    pinged_at_ = now;
    connection_->Ping();
  }
  Flush();
}

void GrpcSocket::Close() {
  if (is_closing()) return;
  Connection* connection = connection_;
  connection_ = nullptr;
  delete connection;  // ends its streams
  owner_->OnSocketClosed(this);
  if (stream_ == nullptr) return owner_->OnLentClose(this);
  uv_close(stream_, [](uv_handle_t* handle) {
    SocketOwner* owner = SocketOf(handle)->owner_;
    delete SocketOf(handle);
    UvFree(handle);
    owner->OnSocketFreed();
  });
}

}  // namespace tensorgate
