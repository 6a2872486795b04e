#include "napi/grpc_transport.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "codec/proto/predict_proto.h"
#include "napi/cache_control.h"
#include "napi/event_array.h"
#include "napi/inference_binding.h"
#include "napi/process.h"
#include "tracing/trace_sampling.h"

namespace tensorgate {
namespace {

// UNITS: milliseconds; 0 is none.
uint32_t MillisLeft(const GrpcCall& call, uint64_t now) {
  if (!call.waits()) return 0;
  return call.due_at() <= now + 1 ? 1 : static_cast<uint32_t>(call.due_at() - now);
}

std::string_view NameOf(Method method) {
  switch (method) {
    case Method::kClassify:
      return "Classify";
    case Method::kRegress:
      return "Regress";
    default:
      return "Predict";
  }
}

Socket* SocketOf(GrpcCall* call) { return static_cast<GrpcSocket*>(call->connection()->tag); }

}  // namespace

GrpcTransport::GrpcTransport(napi_env env, const Callbacks& callbacks, GrpcTransportOptions options,
                             Transport** cell)
    : Transport(env, callbacks, "tensorgate gRPC", options.shares, options.surface,
                BudgetOf(RequestProtocol::kGrpc, options.max_buffered_bytes, options.shares), cell),
      options_(std::move(options)) {
  StartTicking();
}

Socket* GrpcTransport::NewSocket(uv_handle_t* stream, uint32_t lent_id) {
  return new GrpcSocket(options_.socket, options_.grpc.connection, this, this, stream, lent_id);
}

uint64_t GrpcTransport::TickMillis() const {
  const GrpcSocketLimits& limits = options_.socket;
  uint64_t least = 4000;
  // Of ages a fifth, so that the tenth by which they differ is seen.
  for (uint64_t each : {limits.keepalive, limits.keepalive_timeout, (limits.max_age + 4) / 5,
                        limits.max_age_grace, limits.max_idle}) {
    if (each > 0) least = std::min(least, each);
  }
  return std::max<uint64_t>(least / 4, 20);
}

// --- calls --------------------------------------------------------------------------------------

Stream* GrpcTransport::NewStream(Connection*) { return new GrpcCall(this); }

void GrpcTransport::OnClosed(GrpcCall* call) { delete call; }

void GrpcTransport::OnOutput(Connection* connection) {
  OnSocketDirty(static_cast<GrpcSocket*>(connection->tag));
}

GrpcCall* GrpcTransport::FindCall(uint64_t id) {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second;
}

Socket* GrpcTransport::SocketOfRequest(uint64_t id) {
  GrpcCall* const call = FindCall(id);
  return call == nullptr ? nullptr : SocketOf(call);
}

GrpcEvent& GrpcTransport::AddEvent(GrpcEventKind kind, uint64_t id) {
  events_.emplace_back();
  events_.back().kind = kind;
  events_.back().id = id;
  return events_.back();
}

void GrpcTransport::OnOpen(GrpcCall* call) {
  CountRequest();
  call->tags.is_traced = TraceSampling::Wants(call->traceparent());
  if (call->timeout_millis() > 0) Await(call, call->timeout_millis());
  if (call->method().streaming == GrpcStreaming::kBoth ||
      (call->method().inference >= 0 &&
       IsStranger(call->credential(), SocketOf(call), &call->tags.principal))) {
    HandOver(call, {}, false, Status());
  }
}

void GrpcTransport::OnMessage(GrpcCall* call, GrpcMessage message) {
  if (call->method().streaming == GrpcStreaming::kBoth) {
    GrpcEvent& event = AddEvent(GrpcEventKind::kMessage, call->tags.id);
    event.message = std::move(message);
    event.has_message = true;
    event.encoding = call->encoding();
  } else if (call->tags.id == 0 && !RunDirectly(call, &message)) {
    HandOver(call, std::move(message), true, Status());
  }
}

void GrpcTransport::OnHalfClose(GrpcCall* call) {
  AddEvent(GrpcEventKind::kHalfClose, call->tags.id);
}

void GrpcTransport::OnOver(GrpcCall* call) {
  Forget(call);
  EndTrace(call);
  if (call->tags.run != nullptr) {
    auto* run = static_cast<DirectRun*>(std::exchange(call->tags.run, nullptr));
    run->Forsake();
    Log(*call, *run, call->code() == Code::kOk ? Code::kCancelled : call->code());
  }
  if (call->tags.id == 0) return;
  calls_.erase(call->tags.id);
  if (call->method().streaming != GrpcStreaming::kNone) {
    AddEvent(GrpcEventKind::kGone, call->tags.id);
  }
}

// --- requests that run without JavaScript -------------------------------------------------------

// False: it is for JavaScript to say what is wrong, or what to do.
bool GrpcTransport::RunDirectly(GrpcCall* call, GrpcMessage* message) {
  if (call->method().inference < 0 || message->compressed) return false;
  if (call->tags.is_traced && traces() == nullptr) return false;
  const auto method = static_cast<Method>(call->method().inference);
  ModelSpecView spec;
  if (!ReadModelSpec(message->bytes.view(), &spec).ok()) return false;
  std::shared_ptr<const Servable> model = routes()->Find(spec);
  if (model == nullptr || !model->direct_admission().Admit(runs()->count())) return false;
  Admission admission;
  admission.principal = call->tags.principal;
  if (!Admits(call->credential(), SocketOf(call), spec.name, &admission)) return false;
  const Servable& servable = *model;
  auto run = std::make_unique<DirectRun>(runs()->queue(), call, &NewProtoCall, method,
                                         std::move(model), options_.as_tensor_content);
  run->request = std::move(*message);
  run->admission = std::move(admission);
  NotePeer(SocketOf(call), run.get());
  run->tag = call->method().index;
  run->SetCacheUse(ReadCacheControl(call->cache_control()));
  if (const uint32_t left = MillisLeft(*call, NowMillis()); left > 0) {
    run->deadline = run->started + std::chrono::milliseconds(left);
  }
  if (call->tags.is_traced) {
    call->tags.is_traced = false;  // JavaScript, if it answers, does not trace it
    const auto trace = Trace(run.get(), servable, call->traceparent());
    trace->method = run->tag;
    call->tags.trace = trace;
  }
  call->tags.run = run.get();
  runs()->Add(std::move(run));
  return true;
}

void GrpcTransport::OnRunEnded(std::unique_ptr<DirectRun> run) {
  auto* call = static_cast<GrpcCall*>(run->caller);
  NoteTraceRun(run.get());
  if (call != nullptr) call->tags.run = nullptr;
  if (run->status.ok()) {
    run->statistics->requests(RequestProtocol::kGrpc, run->method)
        .Record(run->ended() - run->started);
    if (call == nullptr) return;
    Log(*call, *run, Code::kOk);
    return call->Reply(std::move(run->reply));
  }
  GrpcMessage message;
  static_cast<ReceivedBytes&>(message) = std::move(run->request);
  if (call != nullptr) {
    HandOver(call, std::move(message), true, std::move(run->status)).began = run->started;
  } else {
    GrpcEvent& event = AddEvent(GrpcEventKind::kCall, 0);
    event.message = std::move(message);
    event.has_message = true;
    event.method = run->tag;
    event.failure = std::move(run->status);
  }
}

void GrpcTransport::EndTrace(GrpcCall* call) {
  std::shared_ptr<RequestTrace>& trace = call->tags.trace;
  if (trace == nullptr) return;
  const bool is_awaited = call->tags.run != nullptr || call->tags.id != 0;
  const bool is_gone = is_awaited && call->code() == Code::kOk;
  NoteTraceEnd(&trace, static_cast<int>(is_gone ? Code::kCancelled : call->code()),
               call->status_message());
}

// `status`: OK, or why there is no answer.
void GrpcTransport::Log(const GrpcCall& call, const DirectRun& run, Code status) {
  const bool is_answered = status == Code::kOk;
  if (!IsForLog(run, is_answered)) return;
  AccessLine line;
  line.protocol = "gRPC";
  line.method = NameOf(run.method);
  line.status = CodeName(status);
  const Status read = ReadModelSpec(run.request.bytes.view(), &line.asked);
  if (!read.ok()) return;  // it would not have run
  line.request_id = call.request_id();
  AddToLog(run, is_answered, line);
}

// --- events -------------------------------------------------------------------------------------

GrpcEvent& GrpcTransport::HandOver(GrpcCall* call, GrpcMessage message, bool has_message,
                                   Status failure) {
  const uint64_t id = next_call_++;
  calls_.emplace(id, call);
  call->tags.id = id;
  GrpcEvent& event = AddEvent(GrpcEventKind::kCall, id);
  event.message = std::move(message);
  event.has_message = has_message;
  call->tags.held = std::move(event.message.held);  // for as long as JavaScript may have the bytes
  event.method = call->method().index;
  event.timeout_millis = MillisLeft(*call, NowMillis());
  event.request_id = call->request_id();
  event.encoding = call->encoding();
  if (call->kept_header() != nullptr) {
    event.kept_header = *call->kept_header();
    event.has_kept_header = true;
  }
  event.failure = std::move(failure);
  event.credential = call->credential();
  event.identity = SocketOf(call)->identity;
  event.is_traced = call->tags.is_traced;
  event.traceparent = call->traceparent();
  event.cache_control = call->cache_control();
  return event;
}

// [kind, id, message, method, timeoutMillis, requestId, keptHeader, encoding, failure, credential,
// identity, traceparent, ageMillis, cacheControl, …]: see src/native/grpc.ts.
void GrpcTransport::DeliverEvents(JsCallback* deliver) {
  std::vector<GrpcEvent> events;
  events.swap(events_);
  EventArray array(deliver->env());
  for (GrpcEvent& event : events) {
    const bool is_call = event.kind == GrpcEventKind::kCall;
    if (is_call && event.id != 0 && calls_.count(event.id) == 0) continue;  // over by now
    array.AddNumber(static_cast<int>(event.kind));
    array.AddNumber(static_cast<double>(event.id));
    if (event.has_message) {
      array.AddBytes(&event.message.bytes);
    } else {
      array.AddNull();
    }
    array.AddNumber(event.method);
    array.AddNumber(event.timeout_millis);
    array.AddText(event.request_id);
    if (event.has_kept_header) {
      array.AddText(event.kept_header);
    } else {
      array.AddNull();
    }
    if (event.message.compressed) {
      array.AddText(event.encoding);
    } else {
      array.AddNull();
    }
    array.AddFailure(event.failure);
    array.AddText(event.credential);
    array.AddText(event.identity);
    if (event.is_traced) {
      array.AddText(event.traceparent);
    } else {
      array.AddNull();
    }
    array.AddAge(event.began);
    array.AddText(event.cache_control);
  }
  if (!array.is_empty()) deliver->Call(array.array());
}

}  // namespace tensorgate
