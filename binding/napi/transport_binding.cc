#include "napi/transport_binding.h"

#include <chrono>
#include <string>
#include <utility>

#include "napi/arguments.h"
#include "napi/event_array.h"
#include "napi/process.h"
#include "net/shared_port.h"
#include "net/uv.h"

namespace tensorgate {
namespace {

// transportListen(transport, address, port): port −1 for a Unix socket. Null, or what went wrong.
Napi::Value Listen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Transport* transport = TransportOf(info);
  std::string address;
  int64_t port;
  if (transport == nullptr || !ReadText(info, 1, &address) ||
      napi_get_value_int64(env, info[2], &port) != napi_ok) {
    return env.Undefined();
  }
  const char* failure = port < 0 ? transport->ListenPipe(address)
                                 : transport->ListenTcp(address, static_cast<uint16_t>(port));
  return failure == nullptr ? env.Null() : Napi::String::New(env, failure);
}

// openSharedPort(address, port): the descriptor of a socket, see shared_port.h, or what went wrong.
Napi::Value SharedPort(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string address;
  uint32_t port;
  if (!ReadText(info, 0, &address) || !ReadUint32(info, 1, "port", &port)) return env.Undefined();
  IpAddress where;
  if (!where.Read(address, static_cast<uint16_t>(port))) {
    return Napi::String::New(env, "no IP address");
  }
  const int socket = OpenSharedPort(where);
  if (socket < 0) return Napi::String::New(env, uv_strerror(socket));
  return Napi::Number::New(env, socket);
}

// grpcOpenedRequests(transport)
Napi::Value OpenedRequests(const Napi::CallbackInfo& info) {
  const Transport* transport = TransportOf(info);
  const uint64_t calls = transport == nullptr ? 0 : transport->opened_requests();
  return Napi::Number::New(info.Env(), static_cast<double>(calls));
}

// transportPeer(transport, request): see Socket::Peer(). Null where the request is over.
Napi::Value Peer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Transport* transport = TransportOf(info);
  uint64_t id;
  if (transport == nullptr || !ReadId(info, 1, &id)) return env.Undefined();
  Socket* const socket = transport->SocketOfRequest(id);
  if (socket == nullptr) return env.Null();
  return Napi::String::New(env, socket->Peer());
}

// transportKeepAccess(transport, sample, slowMillis)
void KeepAccess(const Napi::CallbackInfo& info) {
  Transport* transport = TransportOf(info);
  double sample;
  uint64_t slow_millis;
  if (transport == nullptr || !ReadId(info, 2, &slow_millis)) return;
  if (napi_get_value_double(info.Env(), info[1], &sample) != napi_ok) {
    ThrowTypeError(info.Env(), "sample must be a number");
    return;
  }
  transport->KeepAccess(sample, std::chrono::milliseconds(slow_millis));
}

// transportTakeAccess(transport): whole lines of the access log
Napi::Value TakeAccess(const Napi::CallbackInfo& info) {
  Transport* transport = TransportOf(info);
  OutputBuffer lines;
  if (transport != nullptr && transport->access_lines() != nullptr) {
    lines = transport->access_lines()->Take();
  }
  return Napi::String::New(info.Env(), lines.view().data(), lines.size());
}

// transportAccessLeftOut(transport): how many more there were, since the last call
Napi::Value AccessLeftOut(const Napi::CallbackInfo& info) {
  Transport* transport = TransportOf(info);
  const bool has_log = transport != nullptr && transport->access_lines() != nullptr;
  const uint64_t left_out = has_log ? transport->access_lines()->TakeLeftOut() : 0;
  return Napi::Number::New(info.Env(), static_cast<double>(left_out));
}

// transportKeepTraces(transport)
void KeepTraces(const Napi::CallbackInfo& info) {
  Transport* transport = TransportOf(info);
  if (transport != nullptr) transport->KeepTraces();
}

void AddTrace(const RequestTrace& trace, EventArray* array) {
  array->AddNumber(trace.method);
  array->AddText(trace.traceparent);
  array->AddNumber(StageSpans::Nanoseconds(trace.began));
  array->AddNumber(StageSpans::Nanoseconds(trace.ended));
  array->AddNumber(trace.status);
  array->AddUtf8(trace.message);
  array->AddUtf8(trace.model);
  array->AddUtf8(std::to_string(trace.version));
  array->AddText(trace.request_id);
  array->AddText(trace.path);
  for (const StageSpans::Span& span : trace.stages.stages) {
    array->AddNumber(span.begin);
    array->AddNumber(span.end);
  }
}

// transportTakeTraces(transport): [method, traceparent, began, ended, status, message, model,
// version, requestId, path, eight times of stages, …]
Napi::Value TakeTraces(const Napi::CallbackInfo& info) {
  Transport* transport = TransportOf(info);
  EventArray array(info.Env());
  if (transport != nullptr && transport->traces() != nullptr) {
    for (const auto& trace : transport->traces()->Take()) AddTrace(*trace, &array);
  }
  return Napi::Value(info.Env(), array.array());
}

bool ReadTarget(const Napi::Value& value, ModelRoutes::Target* target) {
  uint32_t id;
  if (napi_get_value_uint32(value.Env(), value, &id) != napi_ok) {
    return ThrowTypeError(value.Env(), "a model's id must be a number");
  }
  *target = Process::Get().registry.Find(id);
  return true;
}

// transportRoutes(transport, [name, latest id or 0, [version, id, …], [label, id, …], …])
void Routes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Transport* transport = TransportOf(info);
  if (transport == nullptr) return;
  RouteTable::Models models;
  const auto list = info[1].As<Napi::Array>();
  for (uint32_t i = 0; i + 3 < list.Length(); i += 4) {
    ModelRoutes& routes = models[list.Get(i).As<Napi::String>().Utf8Value()];
    if (!ReadTarget(list.Get(i + 1), &routes.latest)) return;
    const auto versions = list.Get(i + 2).As<Napi::Array>();
    for (uint32_t j = 0; j + 1 < versions.Length(); j += 2) {
      int64_t version;
      bool lossless;
      if (napi_get_value_bigint_int64(env, versions.Get(j), &version, &lossless) != napi_ok) {
        ThrowTypeError(env, "a version must be a bigint");
        return;
      }
      if (!ReadTarget(versions.Get(j + 1), &routes.versions[version])) return;
    }
    const auto labels = list.Get(i + 3).As<Napi::Array>();
    for (uint32_t j = 0; j + 1 < labels.Length(); j += 2) {
      const std::string label = labels.Get(j).As<Napi::String>().Utf8Value();
      if (!ReadTarget(labels.Get(j + 1), &routes.labels[label])) return;
    }
  }
  transport->routes()->Replace(std::move(models));
}

// transportLend(transport, socket, peer), transportReceive(transport, socket, bytes),
// transportEnd(transport, socket), transportWritten(transport, socket),
// transportTakeBack(transport, socket)
void Lend(const Napi::CallbackInfo& info) {
  Transport* transport = TransportOf(info);
  uint32_t id;
  std::string peer;
  if (transport == nullptr || !ReadUint32(info, 1, "socket", &id) || !ReadText(info, 2, &peer)) {
    return;
  }
  transport->Lend(id, std::move(peer));
}

Socket* LentOf(const Napi::CallbackInfo& info) {
  Transport* transport = TransportOf(info);
  uint32_t id;
  if (transport == nullptr || !ReadUint32(info, 1, "socket", &id)) return nullptr;
  return transport->FindLent(id);
}

void Receive(const Napi::CallbackInfo& info) {
  Socket* socket = LentOf(info);
  std::string_view bytes;
  if (socket == nullptr || !ReadBytes(info, 2, "bytes", &bytes)) return;
  socket->Receive(bytes);
}

// transportIdentify(transport, socket, digests): as accessFind() takes them
void Identify(const Napi::CallbackInfo& info) {
  Socket* socket = LentOf(info);
  std::string_view digests;
  if (socket == nullptr || !ReadBytes(info, 2, "digests", &digests)) return;
  socket->identity = digests;
}

void EndLent(const Napi::CallbackInfo& info) {
  if (Socket* socket = LentOf(info); socket != nullptr) socket->End();
}

void Written(const Napi::CallbackInfo& info) {
  if (Socket* socket = LentOf(info); socket != nullptr) socket->Written();
}

void TakeBack(const Napi::CallbackInfo& info) {
  if (Socket* socket = LentOf(info); socket != nullptr) socket->Close();
}

// transportTakeBytes(transport, bytes), transportGiveBytes(transport, bytes)
Napi::Value TakeBytes(const Napi::CallbackInfo& info) {
  Transport* transport = TransportOf(info);
  uint64_t bytes = 0;
  if (transport == nullptr || !ReadId(info, 1, &bytes)) {
    return Napi::Boolean::New(info.Env(), false);
  }
  return Napi::Boolean::New(info.Env(), transport->memory()->Take(bytes));
}

void GiveBytes(const Napi::CallbackInfo& info) {
  Transport* transport = TransportOf(info);
  uint64_t bytes = 0;
  if (transport != nullptr && ReadId(info, 1, &bytes)) transport->memory()->Give(bytes);
}

// transportLeave(transport), transportClose(transport), transportDestroy(transport)
void Leave(const Napi::CallbackInfo& info) {
  if (Transport* transport = TransportOf(info); transport != nullptr) transport->Leave();
}

void Close(const Napi::CallbackInfo& info) {
  if (Transport* transport = TransportOf(info); transport != nullptr) transport->Drain();
}

void Destroy(const Napi::CallbackInfo& info) {
  if (Transport* transport = TransportOf(info); transport != nullptr) transport->Destroy();
}

}  // namespace

bool ReadAccessSurface(const Napi::Object& options, AccessSurface* surface) {
  int64_t number;
  if (!ReadInteger(options, "surface", &number)) return false;
  *surface = number == 0 ? AccessSurface::kPublic : AccessSurface::kAdmin;
  return true;
}

Transport* TransportOf(const Napi::CallbackInfo& info) {
  void* cell = nullptr;
  if (napi_get_value_external(info.Env(), info[0], &cell) != napi_ok) {
    ThrowTypeError(info.Env(), "the first argument must be a transport");
    return nullptr;
  }
  return *static_cast<Transport**>(cell);
}

Napi::Value TransportValue(Napi::Env env, Transport** cell) {
  napi_value external;
  napi_create_external(
      env, cell,
      [](napi_env, void* data, void*) {
        auto* forgotten = static_cast<Transport**>(data);
        if (*forgotten != nullptr) (*forgotten)->Abandon();
        delete forgotten;
      },
      nullptr, &external);
  return Napi::Value(env, external);
}

void ExportTransport(Napi::Env env, Napi::Object exports) {
  exports.Set("transportListen", Napi::Function::New(env, Listen, "transportListen"));
  exports.Set("transportOpenedRequests",
              Napi::Function::New(env, OpenedRequests, "transportOpenedRequests"));
  exports.Set("openSharedPort", Napi::Function::New(env, SharedPort, "openSharedPort"));
  exports.Set("transportRoutes", Napi::Function::New(env, Routes, "transportRoutes"));
  exports.Set("transportTakeBytes", Napi::Function::New(env, TakeBytes, "transportTakeBytes"));
  exports.Set("transportGiveBytes", Napi::Function::New(env, GiveBytes, "transportGiveBytes"));
  exports.Set("transportPeer", Napi::Function::New(env, Peer, "transportPeer"));
  exports.Set("transportKeepAccess", Napi::Function::New(env, KeepAccess, "transportKeepAccess"));
  exports.Set("transportKeepTraces", Napi::Function::New(env, KeepTraces, "transportKeepTraces"));
  exports.Set("transportTakeTraces", Napi::Function::New(env, TakeTraces, "transportTakeTraces"));
  exports.Set("transportTakeAccess", Napi::Function::New(env, TakeAccess, "transportTakeAccess"));
  exports.Set("transportAccessLeftOut",
              Napi::Function::New(env, AccessLeftOut, "transportAccessLeftOut"));
  exports.Set("transportLend", Napi::Function::New(env, Lend, "transportLend"));
  exports.Set("transportReceive", Napi::Function::New(env, Receive, "transportReceive"));
  exports.Set("transportIdentify", Napi::Function::New(env, Identify, "transportIdentify"));
  exports.Set("transportEnd", Napi::Function::New(env, EndLent, "transportEnd"));
  exports.Set("transportWritten", Napi::Function::New(env, Written, "transportWritten"));
  exports.Set("transportTakeBack", Napi::Function::New(env, TakeBack, "transportTakeBack"));
  exports.Set("transportLeave", Napi::Function::New(env, Leave, "transportLeave"));
  exports.Set("transportClose", Napi::Function::New(env, Close, "transportClose"));
  exports.Set("transportDestroy", Napi::Function::New(env, Destroy, "transportDestroy"));
}

}  // namespace tensorgate
