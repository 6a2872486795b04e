// Transport's listeners and connections. THREAD: JavaScript's.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "napi/transport.h"

namespace tensorgate {
namespace {

constexpr int kBacklog = 511;

}  // namespace

const char* Transport::ListenTcp(const std::string& address, uint16_t port) {
  IpAddress where;
  if (!where.Read(address, port)) return "no IP address";
  uv_handle_t* listener = NewHandle(kUvTcp);
  uv_tcp_init(loop_, listener);
  if (!shares_) return Listening(listener, uv_tcp_bind(listener, where.any(), 0), kUvTcp);
  const int socket = OpenSharedPort(where);
  const int status = socket < 0 ? socket : uv_tcp_open(listener, socket);
  if (status != 0 && socket >= 0) close(socket);
  return Listening(listener, status, kUvTcp);
}

const char* Transport::ListenPipe(const std::string& path) {
  uv_handle_t* listener = NewHandle(kUvPipe);
  uv_pipe_init(loop_, listener, 0);
  return Listening(listener, uv_pipe_bind(listener, path.c_str()), kUvPipe);
}

template <int kType>
void Transport::OnAcceptable(uv_handle_t* listener, int status) {
  if (status == 0) Of(listener)->Accept(listener, kType);
}

const char* Transport::Listening(uv_handle_t* listener, int status, int type) {
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

uv_handle_t* Transport::NewStream(int type) {
  uv_handle_t* stream = NewUvHandle(type, nullptr);
  if (type == kUvTcp) {
    uv_tcp_init(loop_, stream);
  } else {
    uv_pipe_init(loop_, stream, 0);
  }
  return stream;
}

void Transport::Accept(uv_handle_t* listener, int type) {
  uv_handle_t* stream = NewStream(type);
  if (uv_accept(listener, stream) != 0) {
    uv_close(stream, &UvFree);
    return;
  }
  Take(stream, type);
}

void Transport::AcceptWaiting(uv_handle_t* listener) {
  int listening = -1;
  if (uv_fileno(listener, &listening) != 0) return;
  const int type = uv_handle_get_type(listener);
  // No more than there can be: others may come as fast as these are taken.
  for (int left = kBacklog + 1; left > 0; --left) {
    const int accepted = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (accepted < 0) return;
    uv_handle_t* stream = NewStream(type);
    const bool is_open = (type == kUvTcp ? uv_tcp_open : uv_pipe_open)(stream, accepted) == 0;
    if (is_open) {
      Take(stream, type);
    } else {
      close(accepted);
      uv_close(stream, &UvFree);
    }
  }
}

void Transport::Take(uv_handle_t* stream, int type) {
  if (type == kUvTcp) uv_tcp_nodelay(stream, 1);
  Socket* socket = NewSocket(stream, 0);
  if (socket == nullptr) {
    uv_close(stream, &UvFree);
    return;
  }
  Add(socket);
  if (socket->Start()) OnSocketDirty(socket);
}

void Transport::Add(Socket* socket) {
  socket->next = sockets_;
  if (sockets_ != nullptr) sockets_->previous = socket;
  sockets_ = socket;
  ++socket_count_;
}

void Transport::Lend(uint32_t id, std::string peer) {
  Socket* socket = NewSocket(nullptr, id);
  if (socket == nullptr) {
    socket_events_.push_back({SocketEventKind::kLentClose, id, {}});
    return;
  }
  socket->set_peer(std::move(peer));
  Add(socket);
  lent_.emplace(id, socket);
  OnSocketDirty(socket);
}

Socket* Transport::FindLent(uint32_t id) {
  const auto found = lent_.find(id);
  return found == lent_.end() ? nullptr : found->second;
}

uv_buf_t Transport::ReadBuffer() { return {read_buffer_.get(), kReadBufferBytes}; }

void Transport::OnLentOutput(Socket* socket, const SendQueue& bytes) {
  socket_events_.push_back({SocketEventKind::kLentOutput, socket->lent_id(), {}});
  bytes.CopyTo(&socket_events_.back().bytes);
}

void Transport::OnLentReading(Socket* socket, bool reads) {
  const SocketEventKind kind = reads ? SocketEventKind::kLentResume : SocketEventKind::kLentPause;
  socket_events_.push_back({kind, socket->lent_id(), {}});
}

void Transport::OnLentShutDown(Socket* socket) {
  socket_events_.push_back({SocketEventKind::kLentShutDown, socket->lent_id(), {}});
}

void Transport::OnLentClose(Socket* socket) {
  socket_events_.push_back({SocketEventKind::kLentClose, socket->lent_id(), {}});
  lent_.erase(socket->lent_id());
  dead_lent_.push_back(socket);
}

void Transport::OnSocketClosed(Socket* socket) {
  if (socket->previous != nullptr) socket->previous->next = socket->next;
  if (socket->next != nullptr) socket->next->previous = socket->previous;
  if (sockets_ == socket) sockets_ = socket->next;
  --socket_count_;
  if (socket->is_dirty) std::replace(dirty_.begin(), dirty_.end(), socket, (Socket*)nullptr);
  if (socket->lent_id() == 0) ++closing_sockets_;
}

void Transport::OnSocketFreed() {
  --closing_sockets_;
  DeleteWhenDone();
}

void Transport::OnSocketDirty(Socket* socket) {
  if (socket->is_dirty || socket->is_closing()) return;
  socket->is_dirty = true;
  dirty_.push_back(socket);
}

}  // namespace tensorgate
