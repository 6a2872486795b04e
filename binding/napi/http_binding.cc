#include "napi/http_binding.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "http1/llhttp.h"
#include "napi/arguments.h"
#include "napi/http_transport.h"
#include "napi/transport_binding.h"
#include "net/uv.h"

namespace tensorgate {
namespace {

const char* HttpMissing() {
  const char* missing = UvMissing();
  return missing == nullptr ? LlhttpMissing() : missing;
}

// httpMissing(): null, or what keeps the transport from working.
Napi::Value MissingOfHttp(const Napi::CallbackInfo& info) {
  const char* missing = HttpMissing();
  return missing == nullptr ? info.Env().Null() : Napi::String::New(info.Env(), missing);
}

bool ReadHttpOptions(const Napi::Object& given, HttpTransportOptions* options) {
  int64_t head, body, buffered, connections, idle, timeout, gzip;
  if (!ReadInteger(given, "maxHeadBytes", &head) || !ReadInteger(given, "maxBodyBytes", &body) ||
      !ReadInteger(given, "maxBufferedBytes", &buffered) ||
      !ReadInteger(given, "maxConnections", &connections) ||
      !ReadInteger(given, "idleSeconds", &idle) || !ReadInteger(given, "timeoutMillis", &timeout) ||
      !ReadInteger(given, "gzipMinBytes", &gzip) ||
      !ReadString(given, "headers", &options->headers) ||
      !ReadString(given, "bodyPaths", &options->body_paths)) {
    return false;
  }
  if (napi_get_value_bool(given.Env(), given.Get("shares"), &options->shares) != napi_ok) {
    return ThrowTypeError(given.Env(), "shares must be a boolean");
  }
  if (!ReadAccessSurface(given, &options->surface)) return false;
  options->limits.max_head_bytes = static_cast<size_t>(head);
  options->limits.max_body_bytes = static_cast<size_t>(body);
  options->limits.idle_seconds = static_cast<uint32_t>(idle);
  options->max_buffered_bytes = static_cast<size_t>(buffered);
  options->max_connections = static_cast<size_t>(connections);
  options->timeout_millis = static_cast<uint64_t>(timeout);
  options->gzip_min_bytes = static_cast<size_t>(gzip);
  return true;
}

// httpOpen(options, deliver, deliverSockets)
Napi::Value OpenHttp(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction() || !info[2].IsFunction() ||
      HttpMissing() != nullptr) {
    ThrowTypeError(env, "httpOpen takes options and two functions, where nothing is missing");
    return env.Undefined();
  }
  HttpTransportOptions options;
  if (!ReadHttpOptions(info[0].As<Napi::Object>(), &options)) return env.Undefined();
  auto* cell = new Transport*(nullptr);
  const Transport::Callbacks callbacks{info[1].As<Napi::Function>(), info[2].As<Napi::Function>()};
  *cell = new HttpTransport(env, callbacks, std::move(options), cell);
  return TransportValue(env, cell);
}

// A string, as UTF-8, or bytes.
bool ReadBody(const Napi::Value& value, OutputBuffer* body) {
  std::string_view bytes;
  if (!value.IsString()) {
    if (!BytesOf(value.Env(), value, &bytes)) {
      return ThrowTypeError(value.Env(), "a body must be a string or bytes");
    }
    body->Reserve(bytes.size());
    body->Append(bytes);
    return true;
  }
  size_t size = 0;
  napi_get_value_string_utf8(value.Env(), value, nullptr, 0, &size);
  char* out = body->Ensure(size + 1);  // a NUL, too
  napi_get_value_string_utf8(value.Env(), value, out, size + 1, &size);
  body->Commit(size);
  return true;
}

// httpAnswer(transport, request, status, headers, body, close)
void AnswerHttp(const Napi::CallbackInfo& info) {
  auto* transport = static_cast<HttpTransport*>(TransportOf(info));
  uint64_t id = 0;
  std::string status, headers;
  HttpAnswer answer;
  if (transport == nullptr || !ReadId(info, 1, &id) || transport->FindRequest(id) == nullptr ||
      !ReadText(info, 2, &status) || !ReadText(info, 3, &headers) ||
      !ReadBody(info[4], &answer.body) || !ReadBool(info, 5, "close", &answer.close)) {
    return;
  }
  answer.status = status;
  answer.headers = headers;
  transport->Respond(id, std::move(answer));
}

}  // namespace

void ExportHttp(Napi::Env env, Napi::Object exports) {
  exports.Set("httpMissing", Napi::Function::New(env, MissingOfHttp, "httpMissing"));
  exports.Set("httpOpen", Napi::Function::New(env, OpenHttp, "httpOpen"));
  exports.Set("httpAnswer", Napi::Function::New(env, AnswerHttp, "httpAnswer"));
}

}  // namespace tensorgate
