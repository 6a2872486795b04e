#include "napi/grpc_binding.h"

#include <string>
#include <utility>

#include "http2/nghttp2.h"
#include "napi/arguments.h"
#include "napi/grpc_transport.h"
#include "napi/transport_binding.h"
#include "net/uv.h"

namespace tensorgate {
namespace {

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

bool ReadOptions(const Napi::Object& given, GrpcTransportOptions* options) {
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
  if (!ReadAccessSurface(given, &options->surface)) return false;
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

// grpcOpen(options, deliver, deliverSockets)
Napi::Value Open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction() || !info[2].IsFunction() ||
      UvMissing() != nullptr || Http2Missing() != nullptr) {
    ThrowTypeError(env, "grpcOpen takes options and two functions, where nothing is missing");
    return env.Undefined();
  }
  GrpcTransportOptions options;
  if (!ReadOptions(info[0].As<Napi::Object>(), &options)) return env.Undefined();
  auto* cell = new Transport*(nullptr);
  const Transport::Callbacks callbacks{info[1].As<Napi::Function>(), info[2].As<Napi::Function>()};
  *cell = new GrpcTransport(env, callbacks, std::move(options), cell);
  return TransportValue(env, cell);
}

GrpcCall* CallOf(const Napi::CallbackInfo& info) {
  auto* transport = static_cast<GrpcTransport*>(TransportOf(info));
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
void EndCall(const Napi::CallbackInfo& info) {
  GrpcCall* call = CallOf(info);
  uint32_t code;
  std::string message, details;
  if (call == nullptr || !ReadUint32(info, 2, "code", &code) || !ReadText(info, 3, &message) ||
      !ReadText(info, 4, &details)) {
    return;
  }
  call->End(static_cast<Code>(code), message, details);
}

}  // namespace

void ExportGrpc(Napi::Env env, Napi::Object exports) {
  exports.Set("grpcMissing", Napi::Function::New(env, Missing, "grpcMissing"));
  exports.Set("grpcOpen", Napi::Function::New(env, Open, "grpcOpen"));
  exports.Set("grpcIsOpen", Napi::Function::New(env, IsOpen, "grpcIsOpen"));
  exports.Set("grpcSend", Napi::Function::New(env, SendMessage, "grpcSend"));
  exports.Set("grpcEnd", Napi::Function::New(env, EndCall, "grpcEnd"));
}

}  // namespace tensorgate
