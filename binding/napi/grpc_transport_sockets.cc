// GrpcTransport's listeners and connections. THREAD: JavaScript's.
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "napi/grpc_transport.h"
#include "napi/shared_port.h"

namespace tensorgate {
namespace {

constexpr int kBacklog = 511;

}  // namespace

const char* GrpcTransport::ListenTcp(const std::string& address, uint16_t port) {
  IpAddress where;
  if (!where.Read(address, port)) return "no IP address";
  uv_handle_t* listener = NewHandle(kUvTcp);
  uv_tcp_init(loop_, listener);
  if (!options_.shares) {
    return Listening(listener, uv_tcp_bind(listener, where.any(), 0), kUvTcp);
  }
  const int socket = OpenSharedPort(where);
  const int status = socket < 0 ? socket : uv_tcp_open(listener, socket);
  if (status != 0 && socket >= 0) close(socket);
  return Listening(listener, status, kUvTcp);
}

const char* GrpcTransport::ListenPipe(const std::string& path) {
  uv_handle_t* listener = NewHandle(kUvPipe);
  uv_pipe_init(loop_, listener, 0);
  return Listening(listener, uv_pipe_bind(listener, path.c_str()), kUvPipe);
}

template <int kType>
void GrpcTransport::OnAcceptable(uv_handle_t* listener, int status) {
  if (status == 0) Of(listener)->Accept(listener, kType);
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

}  // namespace tensorgate
