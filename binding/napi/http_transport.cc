#include "napi/http_transport.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "access/credential.h"
#include "cache/response_cache.h"
#include "codec/rest_target.h"
#include "napi/cache_control.h"
#include "napi/event_array.h"
#include "napi/inference_binding.h"
#include "napi/process.h"
#include "net/request_id.h"
#include "tracing/trace_sampling.h"

namespace tensorgate {
namespace {

constexpr uint64_t kTickMillis = 1000;
constexpr uint64_t kDrainTickMillis = 50;
// Beyond the most connections, so many more get an answer that says so.
constexpr size_t kRefusedConnections = 256;

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

Method MethodOf(RestAction action) {
  switch (action) {
    case RestAction::kPredict:
      return Method::kPredict;
    case RestAction::kClassify:
      return Method::kClassify;
    case RestAction::kRegress:
      return Method::kRegress;
  }
  return Method::kPredict;
}

std::unique_ptr<InferenceCall> NewRestCall(std::shared_ptr<const Servable> model, Method method,
                                           bool) {
  return NewJsonCall(std::move(model), method);
}

HttpSocket* SocketOf(const HttpConnection& connection) {
  return static_cast<HttpSocket*>(connection.tags.socket);
}

std::string_view CredentialOf(const RequestHead& head) {
  const std::string_view token = BearerToken(head.Field("authorization"));
  return token.empty() ? head.Field("x-api-key") : token;
}

}  // namespace

HttpTransport::HttpTransport(napi_env env, const Callbacks& callbacks, HttpTransportOptions options,
                             Transport** cell)
    : Transport(env, callbacks, "tensorgate REST", options.shares, options.surface,
                BudgetOf(RequestProtocol::kRest, options.max_buffered_bytes, options.shares), cell),
      options_(std::move(options)) {
  StartTicking();
}

Socket* HttpTransport::NewSocket(uv_handle_t* stream, uint32_t lent_id) {
  if (socket_count() >= options_.max_connections + kRefusedConnections) return nullptr;
  auto* socket = new HttpSocket(options_.limits, this, this, stream, lent_id);
  if (socket_count() >= options_.max_connections) {
    socket->connection()->Refuse("503 Service Unavailable",
                                 "There are as many connections as there may be: " +
                                     std::to_string(options_.max_connections) + ".");
  }
  return socket;
}

uint64_t HttpTransport::TickMillis() const {
  if (is_draining()) return kDrainTickMillis;
  const uint64_t idle_millis = uint64_t{1000} * options_.limits.idle_seconds;
  return idle_millis == 0 ? kTickMillis : std::min(kTickMillis, idle_millis / 4);
}

// --- requests -----------------------------------------------------------------------------------

bool HttpTransport::OnHead(HttpConnection* connection) {
  CountRequest();
  const RequestHead& head = connection->head();
  uint32_t* const principal = &connection->tags.principal;
  *principal = AccessControl::kNobody;  // the last request's may be another
  connection->tags.is_traced =
      TraceSampling::IsOn() && TraceSampling::Wants(head.Field("traceparent"));
  if (!options_.body_paths.empty() && StartsWith(head.target, options_.body_paths)) return true;
  if (std::string_view(head.method) != "POST" || !StartsWith(head.target, "/v1/")) return false;
  if (head.has_body() && IsStranger(CredentialOf(head), SocketOf(*connection), principal)) {
    return false;
  }
  if (options_.timeout_millis > 0) Await(connection, options_.timeout_millis);
  return true;
}

void HttpTransport::OnRequest(HttpConnection* connection, BodyRefusal refusal) {
  if (refusal == BodyRefusal::kNone && RunDirectly(connection)) return;
  HandOver(connection).refusal = refusal;
}

void HttpTransport::OnDeadline(HttpConnection* connection) {
  if (!connection->is_waiting()) return connection->RefuseBody(BodyRefusal::kDeadline);
  if (connection->tags.run == nullptr) return;
  auto* run = static_cast<DirectRun*>(std::exchange(connection->tags.run, nullptr));
  run->Forsake();
  HandOver(connection, *run).refusal = BodyRefusal::kDeadline;
}

void HttpTransport::OnOver(HttpConnection* connection) {
  Forget(connection);
  NoteTraceEnd(&connection->tags.trace, 0, {});
  if (connection->tags.run != nullptr) {
    auto* run = static_cast<DirectRun*>(std::exchange(connection->tags.run, nullptr));
    run->Forsake();
    Log(*connection, *run, /*is_answered=*/false);
    forsaken_.emplace(run, connection->head().target);
  }
  const uint64_t id = std::exchange(connection->tags.id, 0);
  if (id == 0 || requests_.erase(id) == 0) return;
  HttpEvent event{};
  event.kind = HttpEventKind::kGone;
  event.id = id;
  events_.push_back(std::move(event));
}

void HttpTransport::OnOutput(HttpConnection* connection) { OnSocketDirty(SocketOf(*connection)); }

HttpConnection* HttpTransport::FindRequest(uint64_t id) {
  const auto found = requests_.find(id);
  return found == requests_.end() ? nullptr : found->second;
}

Socket* HttpTransport::SocketOfRequest(uint64_t id) {
  HttpConnection* const connection = FindRequest(id);
  return connection == nullptr ? nullptr : SocketOf(*connection);
}

void HttpTransport::Respond(uint64_t id, HttpAnswer answer) {
  const auto found = requests_.find(id);
  HttpConnection* connection = found->second;
  requests_.erase(found);
  connection->tags.id = 0;
  EndTrace(connection, answer.status);
  connection->Respond(std::move(answer));
}

// --- requests that run without JavaScript -------------------------------------------------------

// False: it is for JavaScript to say what is wrong, or what to do.
bool HttpTransport::RunDirectly(HttpConnection* connection) {
  if (connection->tags.is_traced && traces() == nullptr) return false;
  const RequestHead& head = connection->head();
  ModelSpecView spec;
  RestAction action;
  if (std::string_view(head.method) != "POST" || !ReadRestTarget(head.target, &spec, &action) ||
      !head.Field("content-encoding").empty()) {
    return false;
  }
  std::shared_ptr<const Servable> model = routes()->Find(spec);
  if (model == nullptr || !model->direct_admission().Admit(runs()->count())) return false;
  const Servable& servable = *model;
  const bool keeps_answers = model->cache().settings() != nullptr;
  Admission admission;
  admission.principal = connection->tags.principal;
  if (!Admits(CredentialOf(head), SocketOf(*connection), spec.name, &admission)) return false;
  auto run = std::make_unique<DirectRun>(runs()->queue(), connection, &NewRestCall,
                                         MethodOf(action), std::move(model), false);
  run->request = std::exchange(*connection->body(), ReceivedBytes());
  run->admission = std::move(admission);
  NotePeer(SocketOf(*connection), run.get());
  if (keeps_answers) run->SetCacheUse(ReadCacheControl(head.Field("cache-control")));
  if (connection->waits()) {
    const uint64_t now = NowMillis();
    const uint64_t left = connection->due_at() - std::min(now, connection->due_at());
    run->deadline = run->started + std::chrono::milliseconds(left);
  }
  if (connection->tags.is_traced) {
    connection->tags.is_traced = false;  // JavaScript, if it answers, does not trace it
    const auto trace = Trace(run.get(), servable, head.Field("traceparent"));
    trace->method = static_cast<uint32_t>(run->method);
    trace->path = head.target;
    if (IsRequestId(head.Field("x-request-id"))) trace->request_id = head.Field("x-request-id");
    connection->tags.trace = trace;
  }
  connection->tags.run = run.get();
  runs()->Add(std::move(run));
  return true;
}

void HttpTransport::OnRunEnded(std::unique_ptr<DirectRun> run) {
  auto* connection = static_cast<HttpConnection*>(run->caller);
  const bool is_ok = run->status.ok();
  NoteTraceRun(run.get());
  if (connection != nullptr) {
    connection->tags.run = nullptr;
    const size_t size = run->reply.size();
    if (is_ok && (options_.gzip_min_bytes == 0 || size < options_.gzip_min_bytes)) {
      run->statistics->requests(RequestProtocol::kRest, run->method)
          .Record(run->ended() - run->started);
      Log(*connection, *run, /*is_answered=*/true);
      return Answer(connection, std::move(run->reply));
    }
    *connection->body() = std::move(run->request);
    HttpEvent& event = HandOver(connection, *run);
    event.failure = std::move(run->status);
    event.has_reply = is_ok;
    if (is_ok) event.body = std::move(run->reply);
    return;
  }
  const auto forsaken = forsaken_.find(run.get());
  if (forsaken == forsaken_.end()) return;  // its deadline has passed, and is answered
  if (is_ok) {
    run->statistics->requests(RequestProtocol::kRest, run->method)
        .Record(run->ended() - run->started);
  } else {
    HttpEvent event{};
    event.kind = HttpEventKind::kRequest;
    event.method = "POST";
    event.target = std::move(forsaken->second);
    event.failure = std::move(run->status);
    events_.push_back(std::move(event));
  }
  forsaken_.erase(forsaken);
}

// `status`: as HttpAnswer has it.
void HttpTransport::EndTrace(HttpConnection* connection, std::string_view status) {
  std::shared_ptr<RequestTrace>& trace = connection->tags.trace;
  if (trace == nullptr) return;
  int number = 0;
  std::from_chars(status.data(), status.data() + status.size(), number);
  NoteTraceEnd(&trace, number, status);
}

void HttpTransport::Answer(HttpConnection* connection, OutputBuffer reply) {
  Forget(connection);
  HttpAnswer answer;
  answer.status = "200 OK";
  answer.headers = options_.headers;
  answer.body = std::move(reply);
  EndTrace(connection, answer.status);
  const std::string_view request_id = connection->head().Field("x-request-id");
  std::string headers;
  if (IsRequestId(request_id)) {
    headers = options_.headers;
    headers.append("X-Request-Id: ").append(request_id).append("\r\n");
    answer.headers = headers;
  }
  connection->Respond(std::move(answer));
}

// --- events -------------------------------------------------------------------------------------

HttpEvent& HttpTransport::HandOver(HttpConnection* connection) {
  Forget(connection);  // JavaScript has deadlines of its own
  const uint64_t id = next_request_++;
  requests_.emplace(id, connection);
  connection->tags.id = id;
  events_.emplace_back();
  HttpEvent& event = events_.back();
  event.kind = HttpEventKind::kRequest;
  event.id = id;
  event.method = connection->head().method;
  event.target = connection->head().target;
  event.fields = connection->head().fields;
  event.identity = SocketOf(*connection)->identity;
  event.is_traced = connection->tags.is_traced;
  // What it takes of the budget stays with the connection until the answer.
  event.body = std::move(connection->body()->bytes);
  return event;
}

// After a run, or in its place.
HttpEvent& HttpTransport::HandOver(HttpConnection* connection, const DirectRun& run) {
  HttpEvent& event = HandOver(connection);
  event.began = run.started;
  event.body_bytes = connection->body_bytes();
  return event;
}

void HttpTransport::Log(const HttpConnection& connection, const DirectRun& run, bool is_answered) {
  if (!IsForLog(run, is_answered)) return;
  const RequestHead& head = connection.head();
  AccessLine line;
  line.protocol = "REST";
  line.method = head.method;
  line.status = is_answered ? "200 OK" : "client gone";
  line.path = head.target;  // it has no query, or it would not have run
  RestAction action;
  ReadRestTarget(head.target, &line.asked, &action);
  const std::string_view request_id = head.Field("x-request-id");
  if (IsRequestId(request_id)) line.request_id = request_id;
  AddToLog(run, is_answered, line);
}

// [kind, id, method, target, fields, body, hasReply, refusal, failure, identity, isTraced,
// ageMillis, bodyBytes, …]: see src/native/http.ts.
void HttpTransport::DeliverEvents(JsCallback* deliver) {
  std::vector<HttpEvent> events;
  events.swap(events_);
  EventArray array(deliver->env());
  for (HttpEvent& event : events) {
    const bool is_request = event.kind == HttpEventKind::kRequest;
    if (is_request && event.id != 0 && requests_.count(event.id) == 0) continue;  // gone by now
    array.AddNumber(static_cast<int>(event.kind));
    array.AddNumber(static_cast<double>(event.id));
    array.AddText(event.method);
    array.AddText(event.target);
    array.AddText(event.fields);
    array.AddBytes(&event.body);
    array.AddNumber(event.has_reply ? 1 : 0);
    array.AddNumber(static_cast<int>(event.refusal));
    array.AddFailure(event.failure);
    array.AddText(event.identity);
    array.AddNumber(event.is_traced ? 1 : 0);
    array.AddAge(event.began);
    array.AddNumber(static_cast<double>(event.body_bytes));
  }
  if (!array.is_empty()) deliver->Call(array.array());
}

}  // namespace tensorgate
