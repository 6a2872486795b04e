#include "net/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>

namespace tensorgate {
namespace {

constexpr size_t kFillBytes = 256 << 10;
constexpr size_t kKeptOutputBytes = 64 << 10;
constexpr size_t kMostBuffers = 16;
constexpr uint64_t kStalledMillis = 60'000;

Socket* SocketOf(const uv_handle_t* handle) {
  return static_cast<Socket*>(uv_handle_get_data(handle));
}

uv_req_t* NewRequest(int type, void* data) {
  auto* request = static_cast<uv_req_t*>(std::malloc(uv_req_size(type)));
  if (request == nullptr) std::abort();
  uv_req_set_data(request, data);
  return request;
}

}  // namespace

Socket::Socket(SocketOwner* owner, uv_handle_t* stream, uint32_t lent_id)
    : owner_(owner),
      stream_(stream),
      lent_id_(lent_id),
      opened_at_(owner->NowMillis()),
      received_at_(opened_at_),
      progress_at_(opened_at_) {
  if (stream_ != nullptr) uv_handle_set_data(stream_, this);
}

Socket::~Socket() { std::free(write_request_); }

bool Socket::Start() {
  if (uv_read_start(stream_, &OnAlloc, &OnRead) == 0) return true;
  Close();
  return false;
}

void Socket::OnAlloc(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  *buffer = SocketOf(handle)->owner_->ReadBuffer();
}

void Socket::OnRead(uv_handle_t* handle, ssize_t size, const uv_buf_t* buffer) {
  Socket* self = SocketOf(handle);
  if (self->closing_ || size == 0) return;
  if (size == kUvEof) return self->End();
  if (size < 0) return self->Close();
  self->Receive({buffer->base, static_cast<size_t>(size)});
}

void Socket::Receive(std::string_view bytes) {
  if (closing_) return;
  received_at_ = NowMillis();
  if (!OnBytes(bytes)) {
    Flush();  // with the reason, and closes
    return;
  }
  owner_->OnSocketDirty(this);
}

void Socket::End() {
  if (!closing_) OnEnd();
}

void Socket::SetReading(bool reads) {
  if (closing_ || reads_ == reads) return;
  reads_ = reads;
  if (is_lent()) return owner_->OnLentReading(this, reads);
  if (!reads) {
    uv_read_stop(stream_);
  } else if (uv_read_start(stream_, &OnAlloc, &OnRead) != 0) {
    Close();
  }
}

void Socket::Flush() {
  bool ok = true;
  while (ok && !writing_ && !closing_) {
    ok = Fill(&out_, kFillBytes);
    if (out_.is_empty()) break;
    Write();
  }
  if (closing_ || writing_) return;
  if (!ok || IsOver()) return Close();
  OnFlushed();
}

// What cannot be written at once stays in out_ until OnWritten().
void Socket::Write() {
  if (is_lent()) {
    writing_ = true;
    owner_->OnLentOutput(this, out_);
    return;
  }
  uv_buf_t buffers[kMostBuffers];
  size_t count = out_.Front(buffers, kMostBuffers);
  const int written = uv_try_write(stream_, buffers, static_cast<unsigned>(count));
  if (written < 0 && written != -EAGAIN) return Close();
  if (written > 0) {
    progress_at_ = NowMillis();
    out_.Drop(static_cast<size_t>(written));
  }
  if (out_.is_empty()) return;
  if (write_request_ == nullptr) write_request_ = NewRequest(kUvWrite, this);
  count = out_.Front(buffers, kMostBuffers);
  if (uv_write(write_request_, stream_, buffers, static_cast<unsigned>(count), &OnWritten) != 0) {
    return Close();
  }
  size_t bytes = 0;
  for (size_t i = 0; i < count; ++i) bytes += buffers[i].len;
  handed_bytes_ = bytes;
  writing_ = true;
}

void Socket::OnWritten(uv_req_t* request, int status) {
  auto* self = static_cast<Socket*>(uv_req_get_data(request));
  self->writing_ = false;
  if (self->closing_) return;
  if (status < 0) return self->Close();
  self->Written();
}

void Socket::Written() {
  if (closing_) return;
  writing_ = false;
  progress_at_ = NowMillis();
  if (is_lent()) {
    out_.Clear();
  } else {
    out_.Drop(handed_bytes_);
  }
  Flush();
}

bool Socket::HasUnread() const {
  int socket = -1;
  char first = 0;
  if (is_lent() || uv_fileno(stream_, &socket) != 0) return false;
  return recv(socket, &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

const std::string& Socket::Peer() {
  int socket = -1;
  sockaddr_storage address;
  socklen_t size = sizeof(address);
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  char host[INET6_ADDRSTRLEN];
  char port[8];
  if (is_lent() || !peer_.empty() || uv_fileno(stream_, &socket) != 0 ||
      getpeername(socket, any, &size) != 0 ||
      getnameinfo(any, size, host, sizeof(host), port, sizeof(port),
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0 ||
      (any->sa_family != AF_INET && any->sa_family != AF_INET6)) {
    return peer_;
  }
  constexpr std::string_view kMapped = "::ffff:";
  std::string_view shown(host);
  if (shown.substr(0, kMapped.size()) == kMapped && shown.find('.') != std::string_view::npos) {
    shown.remove_prefix(kMapped.size());
  }
  const bool is_v6 = shown.find(':') != std::string_view::npos;
  peer_.append(is_v6 ? "[" : "").append(shown).append(is_v6 ? "]:" : ":").append(port);
  return peer_;
}

void Socket::ShutDown() {
  if (is_shut_ || closing_) return;
  is_shut_ = true;
  if (is_lent()) return owner_->OnLentShutDown(this);
  uv_req_t* request = NewRequest(kUvShutdown, nullptr);
  const auto done = [](uv_req_t* ended, int) { std::free(ended); };
  if (uv_shutdown(request, stream_, done) != 0) std::free(request);
}

void Socket::Tick() {
  if (closing_) return;
  const uint64_t now = NowMillis();
  if (!writing_ && !HasOutput()) {
    progress_at_ = now;
    // Kept from one large answer to the next, but not for ever.
    if (out_.capacity() > kKeptOutputBytes && IsIdle()) out_.Free();
  }
  if (now >= progress_at_ + kStalledMillis) return Close();
  OnTick(now);
  if (!closing_) Flush();
}

void Socket::Close() {
  if (closing_) return;
  closing_ = true;
  OnClosing();
  owner_->OnSocketClosed(this);
  if (is_lent()) return owner_->OnLentClose(this);
  uv_close(stream_, [](uv_handle_t* handle) {
    SocketOwner* owner = SocketOf(handle)->owner_;
    delete SocketOf(handle);
    UvFree(handle);
    owner->OnSocketFreed();
  });
}

}  // namespace tensorgate
