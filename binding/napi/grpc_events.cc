#include "napi/grpc_events.h"

#include <string>

#include "napi/reply.h"
#include "napi/violation_list.h"

namespace tensorgate {
namespace {

// [kind, id, message, method, timeoutMillis, requestId, keptHeader, encoding, failure, …]: see
// src/native/grpc.ts.
class EventArray {
 public:
  explicit EventArray(napi_env env) : env_(env) {
    napi_create_array(env, &array_);
    napi_get_null(env, &null_);
  }

  napi_value array() const { return array_; }
  bool is_empty() const { return length_ == 0; }

  void Add(GrpcEvent* event) {
    Add(static_cast<double>(static_cast<int>(event->kind)));
    Add(static_cast<double>(event->id));
    Add(event->has_message ? ReplyValue(env_, &event->message.bytes, /*is_text=*/false) : null_);
    Add(event->method);
    Add(event->timeout_millis);
    Add(event->request_id);
    AddOrNull(event->has_kept_header, event->kept_header);
    AddOrNull(event->message.compressed, event->encoding);
    Add(event->failure.ok() ? null_ : ErrorTuple(env_, event->failure));
  }

 private:
  void Add(napi_value value) { napi_set_element(env_, array_, length_++, value); }
  void Add(double number) {
    napi_value value;
    napi_create_double(env_, number, &value);
    Add(value);
  }
  // Header values are bytes; nghttp2 lets no control characters through.
  void Add(const std::string& text) {
    napi_value value;
    napi_create_string_latin1(env_, text.data(), text.size(), &value);
    Add(value);
  }
  void AddOrNull(bool there, const std::string& text) {
    if (there) {
      Add(text);
    } else {
      Add(null_);
    }
  }

  napi_env env_;
  napi_value array_;
  napi_value null_;
  uint32_t length_ = 0;
};

}  // namespace

void DeliverGrpcEvents(napi_env env, napi_ref deliver, napi_async_context context,
                       std::vector<GrpcEvent>* events,
                       const std::function<bool(uint64_t id)>& is_open) {
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  EventArray array(env);
  for (GrpcEvent& event : *events) {
    const bool is_call = event.kind == GrpcEventKind::kCall;
    if (!is_call || event.id == 0 || is_open(event.id)) array.Add(&event);
  }
  if (!array.is_empty()) {
    napi_value function, global, result;
    napi_value argument = array.array();
    napi_get_reference_value(env, deliver, &function);
    napi_get_global(env, &global);
    const napi_status status =
        napi_make_callback(env, context, global, function, 1, &argument, &result);
    if (status == napi_pending_exception) {
      napi_value error;
      napi_get_and_clear_last_exception(env, &error);
      napi_fatal_exception(env, error);
    }
  }
  napi_close_handle_scope(env, scope);
}

}  // namespace tensorgate
