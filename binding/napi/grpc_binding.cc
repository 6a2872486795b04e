#include "napi/grpc_binding.h"

#include <string>
#include <utility>

#include "http2/nghttp2.h"
#include "napi/arguments.h"
#include "napi/grpc_transport.h"
#include "napi/process.h"
#include "napi/shared_port.h"
#include "napi/uv.h"

namespace tensorgate {
namespace {

// Argument 0 of most: what grpcOpen() gave. Null where the transport is gone.
GrpcTransport* TransportOf(const Napi::CallbackInfo& info) {
  void* cell = nullptr;
  if (napi_get_value_external(info.Env(), info[0], &cell) != napi_ok) {
    ThrowTypeError(info.Env(), "the first argument must be what grpcOpen() gave");
    return nullptr;
  }
  return *static_cast<GrpcTransport**>(cell);
}

bool ReadId(const Napi::CallbackInfo& info, size_t index, uint64_t* id) {
  int64_t number;
  if (napi_get_value_int64(info.Env(), info[index], &number) != napi_ok) {
    return ThrowTypeError(info.Env(), "an id must be a number");
  }
  *id = static_cast<uint64_t>(number);
  return true;
}

bool ReadText(const Napi::CallbackInfo& info, size_t index, std::string* text) {
  if (!info[index].IsString()) return ThrowTypeError(info.Env(), "a string is missing");
  *text = info[index].As<Napi::String>().Utf8Value();
  return true;
}

bool ReadInteger(const Napi::Object& object, const char* name, int64_t* out) {
  if (napi_get_value_int64(object.Env(), object.Get(name), out) == napi_ok) return true;
  return ThrowTypeError(object.Env(), std::string(name) + " must be a number");
}

// methods: [path, streaming, inference or -1, …]
bool ReadMethods(const Napi::Object& given, GrpcOptions* options) {
  const Napi::Env env = given.Env();
  if (!given.Get("methods").IsArray()) return ThrowTypeError(env, "methods must be an array");
  const auto list = given.Get("methods").As<Napi::Array>();
  for (uint32_t i = 0; i + 2 < list.Length(); i += 3) {
    GrpcMethod method;
    uint32_t streaming;
    int32_t inference;
    if (!list.Get(i).IsString() ||
        napi_get_value_uint32(env, list.Get(i + 1), &streaming) != napi_ok ||
        napi_get_value_int32(env, list.Get(i + 2), &inference) != napi_ok || streaming > 2 ||
        inference > static_cast<int>(Method::kRegress)) {
      return ThrowTypeError(env, "methods must be [path, streaming, inference, …]");
    }
    method.index = i / 3;
    method.streaming = static_cast<GrpcStreaming>(streaming);
    method.inference = inference;
    options->methods.emplace(list.Get(i).As<Napi::String>().Utf8Value(), method);
  }
  return true;
}

bool ReadOptions(const Napi::Object& given, TransportOptions* options) {
  int64_t streams, receive, send, buffered, keepalive, timeout, age, grace, idle;
  if (!ReadMethods(given, &options->grpc) ||
      !ReadString(given, "keptHeader", &options->grpc.kept_header) ||
      !ReadInteger(given, "maxConcurrentStreams", &streams) ||
      !ReadInteger(given, "maxReceiveBytes", &receive) ||
      !ReadInteger(given, "maxSendBytes", &send) ||
      !ReadInteger(given, "maxBufferedBytes", &buffered) ||
      !ReadInteger(given, "keepaliveMillis", &keepalive) ||
      !ReadInteger(given, "keepaliveTimeoutMillis", &timeout) ||
      !ReadInteger(given, "maxAgeMillis", &age) ||
      !ReadInteger(given, "maxAgeGraceMillis", &grace) ||
      !ReadInteger(given, "maxIdleMillis", &idle)) {
    return false;
  }
  const Napi::Env env = given.Env();
  if (napi_get_value_bool(env, given.Get("asTensorContent"), &options->as_tensor_content) !=
          napi_ok ||
      napi_get_value_bool(env, given.Get("shares"), &options->shares) != napi_ok) {
    return ThrowTypeError(env, "asTensorContent and shares must be booleans");
  }
  options->grpc.connection.max_concurrent_streams = static_cast<uint32_t>(streams);
  options->grpc.call.max_receive_bytes = receive;
  options->grpc.call.max_send_bytes = send;
  options->max_buffered_bytes = static_cast<size_t>(buffered);
  const auto millis = [](int64_t value) { return static_cast<uint64_t>(value); };
  options->socket = {millis(keepalive), millis(timeout), millis(age), millis(grace), millis(idle)};
  return true;
}

// grpcMissing(): null, or what keeps the transport from working.
Napi::Value Missing(const Napi::CallbackInfo& info) {
  const char* missing = UvMissing();
  if (missing == nullptr) missing = Http2Missing();
  if (missing == nullptr) return info.Env().Null();
  return Napi::String::New(info.Env(), missing);
}

// grpcOpen(options, deliver)
Napi::Value Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction() || UvMissing() != nullptr ||
      Http2Missing() != nullptr) {
    ThrowTypeError(env, "grpcOpen takes options and a function, where nothing is missing");
    return env.Undefined();
  }
  TransportOptions options;
  if (!ReadOptions(info[0].As<Napi::Object>(), &options)) return env.Undefined();
  auto* cell = new GrpcTransport*(nullptr);
  *cell = new GrpcTransport(env, info[1].As<Napi::Function>(), std::move(options), cell);
  napi_value external;
  napi_create_external(
      env, cell,
      [](napi_env, void* data, void*) {
        auto* forgotten = static_cast<GrpcTransport**>(data);
        if (*forgotten != nullptr) (*forgotten)->Abandon();
        delete forgotten;
      },
      nullptr, &external);
  return Napi::Value(env, external);
}

// grpcListen(transport, address, port): port −1 for a Unix socket. Null, or what went wrong.
Napi::Value Listen(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  GrpcTransport* transport = TransportOf(info);
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

// grpcOpenedCalls(transport)
Napi::Value OpenedCalls(const Napi::CallbackInfo& info) {
  const GrpcTransport* transport = TransportOf(info);
  const uint64_t calls = transport == nullptr ? 0 : transport->opened_calls();
  return Napi::Number::New(info.Env(), static_cast<double>(calls));
}

bool ReadTarget(const Napi::Value& value, ModelRoutes::Target* target) {
  uint32_t id;
  if (napi_get_value_uint32(value.Env(), value, &id) != napi_ok) {
    return ThrowTypeError(value.Env(), "a model's id must be a number");
  }
  *target = Process::Get().registry.Find(id);
  return true;
}

// grpcRoutes(transport, [name, latest id or 0, [version, id, …], [label, id, …], …])
void Routes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  GrpcTransport* transport = TransportOf(info);
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

GrpcCall* CallOf(const Napi::CallbackInfo& info) {
  GrpcTransport* transport = TransportOf(info);
  uint64_t id = 0;
  if (transport == nullptr || !ReadId(info, 1, &id)) return nullptr;
  return transport->FindCall(id);
}

// grpcIsOpen(transport, call)
Napi::Value IsOpen(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), CallOf(info) != nullptr);
}

// grpcSend(transport, call, bytes, isLast)
void SendMessage(const Napi::CallbackInfo& info) {
  GrpcCall* call = CallOf(info);
  std::string_view bytes;
  bool is_last;
  if (call == nullptr || !ReadBytes(info, 2, "bytes", &bytes) ||
      !ReadBool(info, 3, "isLast", &is_last)) {
    return;
  }
  OutputBuffer message;
  message.Reserve(bytes.size());
  message.Append(bytes);
  if (is_last) {
    call->Reply(std::move(message));
  } else {
    call->Send(std::move(message));
  }
}

// grpcEnd(transport, call, code, message, details)
void End(const Napi::CallbackInfo& info) {
  GrpcCall* call = CallOf(info);
  uint32_t code;
  std::string message, details;
  if (call == nullptr || !ReadUint32(info, 2, "code", &code) || !ReadText(info, 3, &message) ||
      !ReadText(info, 4, &details)) {
    return;
  }
  call->End(static_cast<Code>(code), message, details);
}

// grpcLend(transport, socket), grpcReceive(transport, socket, bytes),
// grpcWritten(transport, socket), grpcTakeBack(transport, socket)
void Lend(const Napi::CallbackInfo& info) {
  GrpcTransport* transport = TransportOf(info);
  uint32_t id;
  if (transport == nullptr || !ReadUint32(info, 1, "socket", &id)) return;
  transport->Lend(id);
}

GrpcSocket* LentOf(const Napi::CallbackInfo& info) {
  GrpcTransport* transport = TransportOf(info);
  uint32_t id;
  if (transport == nullptr || !ReadUint32(info, 1, "socket", &id)) return nullptr;
  return transport->FindLent(id);
}

void Receive(const Napi::CallbackInfo& info) {
  GrpcSocket* socket = LentOf(info);
  std::string_view bytes;
  if (socket == nullptr || !ReadBytes(info, 2, "bytes", &bytes)) return;
  socket->Receive(bytes);
}

void Written(const Napi::CallbackInfo& info) {
  if (GrpcSocket* socket = LentOf(info); socket != nullptr) socket->Written();
}

void TakeBack(const Napi::CallbackInfo& info) {
  if (GrpcSocket* socket = LentOf(info); socket != nullptr) socket->Close();
}

// grpcClose(transport), grpcDestroy(transport)
void Close(const Napi::CallbackInfo& info) {
  if (GrpcTransport* transport = TransportOf(info); transport != nullptr) transport->Drain();
}

void Destroy(const Napi::CallbackInfo& info) {
  if (GrpcTransport* transport = TransportOf(info); transport != nullptr) transport->Destroy();
}

}  // namespace

void ExportGrpc(Napi::Env env, Napi::Object exports) {
  exports.Set("grpcMissing", Napi::Function::New(env, Missing, "grpcMissing"));
  exports.Set("grpcOpen", Napi::Function::New(env, Open, "grpcOpen"));
  exports.Set("grpcListen", Napi::Function::New(env, Listen, "grpcListen"));
  exports.Set("grpcOpenedCalls", Napi::Function::New(env, OpenedCalls, "grpcOpenedCalls"));
  exports.Set("openSharedPort", Napi::Function::New(env, SharedPort, "openSharedPort"));
  exports.Set("grpcRoutes", Napi::Function::New(env, Routes, "grpcRoutes"));
  exports.Set("grpcIsOpen", Napi::Function::New(env, IsOpen, "grpcIsOpen"));
  exports.Set("grpcSend", Napi::Function::New(env, SendMessage, "grpcSend"));
  exports.Set("grpcEnd", Napi::Function::New(env, End, "grpcEnd"));
  exports.Set("grpcLend", Napi::Function::New(env, Lend, "grpcLend"));
  exports.Set("grpcReceive", Napi::Function::New(env, Receive, "grpcReceive"));
  exports.Set("grpcWritten", Napi::Function::New(env, Written, "grpcWritten"));
  exports.Set("grpcTakeBack", Napi::Function::New(env, TakeBack, "grpcTakeBack"));
  exports.Set("grpcClose", Napi::Function::New(env, Close, "grpcClose"));
  exports.Set("grpcDestroy", Napi::Function::New(env, Destroy, "grpcDestroy"));
}

}  // namespace tensorgate
