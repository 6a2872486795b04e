// A gRPC server without sockets that answers each message with itself, and the client's frames for
// it. Shared by the tests and the fuzz target.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grpc/call.h"
#include "http2/connection.h"

namespace tensorgate {

class EchoOwner : public CallOwner, public StreamFactory {
 public:
  explicit EchoOwner(size_t budget_bytes = 1 << 20) : budget_(budget_bytes) {
    options_.methods["/echo"] = {0, GrpcStreaming::kNone, -1};
    options_.methods["/stream"] = {1, GrpcStreaming::kBoth, -1};
    options_.call.max_receive_bytes = 1 << 19;
    options_.call.max_queued_bytes = 1 << 20;
    options_.connection.max_concurrent_streams = 100;
  }

  const GrpcOptions& options() const override { return options_; }
  MemoryBudget* budget() override { return &budget_; }
  Stream* NewStream(Connection*) override {
    ++open_streams;
    return new GrpcCall(this);
  }
  void OnOpen(GrpcCall*) override { ++open_calls; }
  void OnMessage(GrpcCall* call, GrpcMessage message) override {
    messages.emplace_back(message.bytes.view());
    if (!answers) return;
    if (call->method().streaming == GrpcStreaming::kBoth) {
      call->Send(std::move(message.bytes));
    } else {
      call->Reply(std::move(message.bytes));
    }
  }
  void OnHalfClose(GrpcCall* call) override { call->End(Code::kOk, ""); }
  void OnOver(GrpcCall*) override { --open_calls; }
  void OnClosed(GrpcCall* call) override {
    --open_streams;
    delete call;
  }
  void OnOutput(Connection*) override {}

  bool answers = true;
  int open_streams = 0;
  int open_calls = 0;
  std::vector<std::string> messages;

 private:
  GrpcOptions options_;
  MemoryBudget budget_;
};

inline std::string Http2FrameBytes(uint8_t type, uint8_t flags, uint32_t stream,
                                   std::string_view payload = {}) {
  std::string frame;
  for (int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift);
  frame += payload;
  return frame;
}

// HPACK in its plainest form.
inline std::string HeaderBlock(
    const std::vector<std::pair<std::string_view, std::string_view>>& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0';
    block += static_cast<char>(name.size());
    block += name;
    block += static_cast<char>(value.size());
    block += value;
  }
  return block;
}

inline std::string GrpcHeaders(std::string_view path) {
  return HeaderBlock({{":method", "POST"},
                      {":scheme", "http"},
                      {":authority", "t"},
                      {":path", path},
                      {"content-type", "application/grpc"},
                      {"te", "trailers"}});
}

inline std::string Preface() {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Http2FrameBytes(4, 0, 0);
}

inline std::string Prefixed(std::string_view message) {
  std::string bytes(1, '\0');
  for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(message.size() >> shift);
  bytes += message;
  return bytes;
}

}  // namespace tensorgate
