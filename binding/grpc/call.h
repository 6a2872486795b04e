// GrpcCall: one gRPC call on a stream: its headers checked, its messages gathered, and its answer
// written. What the call is about is its owner's business. Belongs to the connection's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "codec/output_buffer.h"
#include "grpc/message_reader.h"
#include "http2/connection.h"
#include "net/deadlines.h"
#include "net/memory_budget.h"
#include "status/status.h"

namespace tensorgate {

enum class GrpcStreaming : uint8_t { kNone, kReplies, kBoth };

struct GrpcMethod {
  uint32_t index = 0;  // the owner's
  GrpcStreaming streaming = GrpcStreaming::kNone;
  int inference = -1;  // a Method that can be run without asking anybody, or -1
};

struct GrpcLimits {
  int64_t max_receive_bytes = INT32_MAX;  // a message; negative: none
  int64_t max_send_bytes = -1;
  size_t max_queued_bytes = 64 << 20;  // answers of a connection that wait to be read
};

struct GrpcOptions {
  ConnectionLimits connection;
  GrpcLimits call;
  std::unordered_map<std::string, GrpcMethod> methods;  // by path
  std::string kept_header;  // the one field of the metadata that is kept; empty: none
};

class GrpcCall;
struct RequestTrace;

class CallOwner {
 public:
  virtual ~CallOwner() = default;
  virtual const GrpcOptions& options() const = 0;
  virtual MemoryBudget* budget() = 0;
  // Its headers are in and right.
  virtual void OnOpen(GrpcCall* call) = 0;
  // The request, once the client has half-closed; where both stream, each message as it comes.
  virtual void OnMessage(GrpcCall* call, GrpcMessage message) = 0;
  // Where both stream.
  virtual void OnHalfClose(GrpcCall* call) = 0;
  // It is over: answered (nothing more is to be said) or given up. Once for each OnOpen.
  virtual void OnOver(GrpcCall* call) = 0;
  virtual void OnClosed(GrpcCall* call) = 0;  // OWNERSHIP: the owner deletes it
  // There is something to send.
  virtual void OnOutput(Connection* connection) = 0;
};

class GrpcCall final : public Stream, public Deadlines::Due {
 public:
  explicit GrpcCall(CallOwner* owner) : owner_(owner) {}

  const GrpcMethod& method() const { return *method_; }
  uint32_t timeout_millis() const { return timeout_millis_; }  // 0: none
  const std::string& request_id() const { return request_id_; }
  const std::string& encoding() const { return encoding_; }  // empty: identity
  const std::string* kept_header() const { return has_kept_header_ ? &kept_header_ : nullptr; }
  // Of `Authorization: Bearer`, else of X-API-Key; empty: the client sent none.
  const std::string& credential() const { return credential_; }
  const std::string& traceparent() const { return traceparent_; }      // empty: none
  const std::string& cache_control() const { return cache_control_; }  // empty: none
  bool is_over() const { return over_; }
  Code code() const { return code_; }  // of how it has ended; OK while it has not
  const std::string& status_message() const { return status_message_; }  // likewise, as it is sent

  // One message, then OK.
  void Reply(OutputBuffer message);
  // A message among several.
  void Send(OutputBuffer message);
  // `details`: base64 of a google.rpc.Status, or empty.
  void End(Code code, std::string_view message, std::string_view details = {});
  void GiveUp();

  bool OnHeader(std::string_view name, std::string_view value) override;
  void OnHeadersEnd() override;
  void OnData(std::string_view bytes) override;
  void OnRequestEnd() override;
  void OnTrailersDue() override;
  void OnClosed() override;
  void OnDue() override { End(Code::kDeadlineExceeded, "Deadline exceeded"); }

  // The owner's: what it knows the call by.
  struct Tags {
    uint64_t id = 0;
    void* run = nullptr;
    uint32_t principal = 0;
    bool is_traced = false;
    std::shared_ptr<RequestTrace> trace;  // of a run
    HeldBytes held;                       // of a message that is elsewhere
  } tags;

 private:
  void Over();
  void SendHeaders();
  bool Queue(OutputBuffer message);
  std::string PathOf() const;

  CallOwner* const owner_;
  const GrpcMethod* method_ = nullptr;
  std::string path_;  // of methods that there are not
  std::string request_id_;
  std::string encoding_;
  std::string kept_header_;
  std::string credential_;
  std::string traceparent_;
  std::string cache_control_;
  std::string bad_timeout_;
  std::string status_message_;
  std::string details_;
  uint32_t timeout_millis_ = 0;
  Code code_ = Code::kOk;
  bool is_grpc_ = false;
  bool has_request_id_ = false;
  bool has_kept_header_ = false;
  bool has_token_ = false;
  bool opened_ = false;
  bool over_ = false;
  bool headers_sent_ = false;
  bool has_message_ = false;
  MessageReader reader_;
  GrpcMessage message_;
};

}  // namespace tensorgate
