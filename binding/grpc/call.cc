#include "grpc/call.h"

#include <utility>

#include "access/credential.h"
#include "grpc/wire_text.h"
#include "net/request_id.h"

namespace tensorgate {
namespace {

constexpr size_t kPrefixBytes = 5;
constexpr size_t kMaxEchoedPath = 1024;
constexpr HeaderField kStatusOk{":status", "200"};
constexpr HeaderField kContentType{"content-type", "application/grpc"};

}  // namespace

bool GrpcCall::OnHeader(std::string_view name, std::string_view value) {
  const GrpcOptions& options = owner_->options();
  if (name == ":path") {
    const auto found = options.methods.find(path_.assign(value));
    if (found != options.methods.end()) {
      method_ = &found->second;
      path_.clear();
    }
  } else if (name == "content-type") {
    is_grpc_ = value.substr(0, 16) == "application/grpc";
  } else if (name == "grpc-timeout") {
    if (!ParseGrpcTimeout(value, &timeout_millis_)) bad_timeout_ = value;
  } else if (name == "grpc-encoding") {
    if (value != "identity") encoding_ = value;
  } else if (name == "x-request-id") {
    if (!has_request_id_ && IsRequestId(value)) request_id_ = value;
    has_request_id_ = true;
  } else if (name == "traceparent") {
    if (traceparent_.empty()) traceparent_ = value;
  } else if (name == "cache-control") {
    if (!cache_control_.empty()) cache_control_ += ',';
    cache_control_ += value;
  } else if (name == "authorization") {
    const std::string_view token = BearerToken(value);
    if (!token.empty() && !std::exchange(has_token_, true)) credential_ = token;
  } else if (name == "x-api-key") {
    if (credential_.empty()) credential_ = value;
  }
  if (!options.kept_header.empty() && name == options.kept_header && !has_kept_header_) {
    kept_header_ = value;
    has_kept_header_ = true;
  }
  return true;
}

void GrpcCall::OnHeadersEnd() {
  if (!is_grpc_) {
    over_ = true;
    const HeaderField refused{":status", "415"};
    connection()->Respond(this, &refused, 1, /*only=*/true);
    owner_->OnOutput(connection());
    return;
  }
  if (method_ == nullptr) {
    return End(Code::kUnimplemented,
               "The server does not implement the method " + path_.substr(0, kMaxEchoedPath));
  }
  if (!bad_timeout_.empty()) {
    return End(Code::kInternal, "Invalid grpc-timeout value \"" + bad_timeout_ + "\"");
  }
  if (connection()->queued_bytes() > owner_->options().call.max_queued_bytes) {
    return End(Code::kResourceExhausted, "Too many answers of this connection wait to be read");
  }
  opened_ = true;
  owner_->OnOpen(this);
}

void GrpcCall::OnData(std::string_view bytes) {
  while (!over_ && !bytes.empty()) {
    const int64_t most = owner_->options().call.max_receive_bytes;
    switch (reader_.Read(&bytes, most, owner_->budget())) {
      case MessageReader::Result::kMore:
        return;
      case MessageReader::Result::kMalformed:
        return End(Code::kInternal, "The first byte of a message is neither 0 nor 1");
      case MessageReader::Result::kTooLarge:
        return End(Code::kResourceExhausted, "Received message larger than max (" +
                                                 std::to_string(reader_.length()) + " vs " +
                                                 std::to_string(most) + ")");
      case MessageReader::Result::kNoMemory:
        return End(Code::kResourceExhausted,
                   "The requests that are being received take all the memory they may");
      case MessageReader::Result::kMessage:
        break;
    }
    if (method_->streaming == GrpcStreaming::kBoth) {
      owner_->OnMessage(this, reader_.Take());
    } else if (has_message_) {
      End(Code::kUnimplemented,
          "Received a second request message for server streaming method " + PathOf());
    } else {
      has_message_ = true;
      message_ = reader_.Take();
    }
  }
}

void GrpcCall::OnRequestEnd() {
  if (over_) return;
  if (method_->streaming == GrpcStreaming::kBoth) {
    owner_->OnHalfClose(this);
  } else if (has_message_) {
    owner_->OnMessage(this, std::move(message_));
  } else {
    End(Code::kUnimplemented,
        "Received no request message for server streaming method " + PathOf());
  }
}

std::string GrpcCall::PathOf() const {
  for (const auto& [path, method] : owner_->options().methods) {
    if (&method == method_) return path;
  }
  return path_;
}

void GrpcCall::SendHeaders() {
  if (headers_sent_) return;
  headers_sent_ = true;
  HeaderField fields[5] = {kStatusOk, kContentType};
  size_t count = 2;
  if (!encoding_.empty()) {
    fields[count++] = {"grpc-encoding", "identity"};
    fields[count++] = {"grpc-accept-encoding", "identity,deflate,gzip"};
  }
  if (!request_id_.empty()) fields[count++] = {"x-request-id", request_id_};
  connection()->Respond(this, fields, count, /*only=*/false);
}

// False: too large, and the call has ended.
bool GrpcCall::Queue(OutputBuffer message) {
  const int64_t most = owner_->options().call.max_send_bytes;
  if ((most >= 0 && message.size() > static_cast<uint64_t>(most)) || message.size() > UINT32_MAX) {
    End(Code::kResourceExhausted, "Sent message larger than max (" +
                                      std::to_string(message.size() + kPrefixBytes) + " vs. " +
                                      std::to_string(most) + ")");
    return false;
  }
  SendHeaders();
  const auto size = static_cast<uint32_t>(message.size());
  Piece piece;
  piece.head_size = kPrefixBytes;
  piece.head[0] = 0;  // not compressed
  for (size_t i = 0; i < 4; ++i) piece.head[1 + i] = static_cast<char>(size >> (24 - 8 * i));
  piece.body = std::move(message);
  connection()->Send(this, std::move(piece));
  return true;
}

void GrpcCall::Reply(OutputBuffer message) {
  if (over_ || !Queue(std::move(message))) return;
  connection()->Finish(this);
  owner_->OnOutput(connection());
  Over();
}

void GrpcCall::Send(OutputBuffer message) {
  if (over_) return;
  if (queued_bytes() > owner_->options().call.max_queued_bytes) return GiveUp();
  if (Queue(std::move(message))) owner_->OnOutput(connection());
}

void GrpcCall::End(Code code, std::string_view message, std::string_view details) {
  if (over_) return;
  code_ = code;
  status_message_ = PercentEncode(message);
  details_ = details;
  // Without request id, encoding or message there is nothing that headers could say.
  if (headers_sent_ || !request_id_.empty() || !encoding_.empty() || code == Code::kOk) {
    SendHeaders();
    connection()->Finish(this);
  } else {
    const std::string number = std::to_string(static_cast<int>(code));
    HeaderField fields[5] = {kStatusOk, kContentType, {"grpc-status", number}};
    size_t count = 3;
    fields[count++] = {"grpc-message", status_message_};
    if (!details_.empty()) fields[count++] = {"grpc-status-details-bin", details_};
    connection()->Respond(this, fields, count, /*only=*/true);
  }
  owner_->OnOutput(connection());
  Over();
}

void GrpcCall::GiveUp() {
  if (over_) return;
  connection()->Reset(this, kCancel);
  owner_->OnOutput(connection());
  Over();
}

void GrpcCall::OnTrailersDue() {
  if (code_ == Code::kOk) {
    static constexpr HeaderField kOk{"grpc-status", "0"};
    connection()->Trailers(this, &kOk, 1);
    return;
  }
  const std::string number = std::to_string(static_cast<int>(code_));
  const HeaderField fields[3] = {{"grpc-status", number},
                                 {"grpc-message", status_message_},
                                 {"grpc-status-details-bin", details_}};
  connection()->Trailers(this, fields, details_.empty() ? 2 : 3);
}

void GrpcCall::Over() {
  over_ = true;
  message_ = GrpcMessage();
  if (opened_) owner_->OnOver(this);
}

void GrpcCall::OnClosed() {
  if (!over_) Over();
  owner_->OnClosed(this);
}

}  // namespace tensorgate
