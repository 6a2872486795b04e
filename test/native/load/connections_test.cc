// loadgen's connections against scripted servers: the test holds the other end of a socket pair,
// and every reply is also sent cut in two at each of its bytes.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "hpack.h"
#include "http1_connection.h"
#include "http2_connection.h"
#include "http2_frames.h"
#include "recorder.h"

namespace tensorgate::load {
namespace {

constexpr int64_t kForever = INT64_MAX;
const std::string kMessage = "reply";

std::string Frame(uint8_t type, uint8_t flags, uint32_t stream, const std::string& payload) {
  std::string frame;
  AppendFrameHead(static_cast<uint32_t>(payload.size()), type, flags, stream, &frame);
  return frame + payload;
}

// A connection under test, and the server's end of its socket.
class Peer {
 public:
  explicit Peer(Protocol protocol, const std::string& body = "ask") {
    options_.protocol = protocol;
    options_.in_flight = protocol == Protocol::kHttp1 ? 1 : 4;
    options_.address.authority = "localhost:1";
    options_.path = "/p";
    options_.body = body;
    options_.has_body = true;
    options_.expect = kMessage;
    options_.has_expect = true;
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    server_ = ends[1];
    if (protocol == Protocol::kHttp1) {
      http1_request_ = BuildHttp1Request(options_);
      connection =
          std::make_unique<Http1Connection>(ends[0], &options_, &recorder_, &http1_request_);
    } else {
      http2_request_ = std::make_unique<Http2Request>(options_);
      connection =
          std::make_unique<Http2Connection>(ends[0], &options_, &recorder_, http2_request_.get());
    }
  }
  ~Peer() { close(server_); }

  // The server sends; false when the client finds the connection unusable.
  bool Say(const std::string& bytes) {
    EXPECT_EQ(write(server_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return connection->OnReadable() && connection->Flush();
  }

  // What the client has sent since the last call.
  std::string Heard() {
    std::string heard;
    char buffer[4096];
    for (ssize_t n; (n = read(server_, buffer, sizeof(buffer))) > 0;) {
      heard.append(buffer, static_cast<size_t>(n));
    }
    return heard;
  }

  bool Begin() {
    if (connection->Room() == 0) return false;
    connection->Begin(0);
    return connection->Flush();
  }

  uint64_t good() const { return recorder_.good_ever(); }
  std::string failure() const {
    return recorder_.failures().empty() ? std::string() : recorder_.failures().front().reason;
  }

  std::unique_ptr<Connection> connection;

 private:
  Options options_;
  Recorder recorder_{0, kForever, Recorder::Select::kByEnd};
  std::string http1_request_;
  std::unique_ptr<Http2Request> http2_request_;
  int server_ = -1;
};

std::string Http1Reply(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nX: y\r\ncontent-LENGTH: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

const std::string kStatus200 = "\x88";
// "grpc-status: 0" as nghttp2 writes it: name in Huffman code, value plain.
const std::string kGrpcOk = std::string("\x40\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f\x01", 11) + "0";
const std::string kGrpcReply = std::string("\0\0\0\0\5", 5) + kMessage;

std::string GoodGrpc(uint32_t stream) {
  return Frame(kHeaders, kEndHeaders, stream, kStatus200) + Frame(kData, 0, stream, kGrpcReply) +
         Frame(kHeaders, kEndHeaders | kEndStream, stream, kGrpcOk);
}

TEST(Http1Connection, ReadsAReplyCutAnywhere) {
  const std::string reply = Http1Reply("200 OK", kMessage);
  for (size_t cut = 1; cut < reply.size(); cut++) {
    Peer peer(Protocol::kHttp1);
    ASSERT_TRUE(peer.Begin());
    EXPECT_EQ(peer.Heard().substr(0, 10), "POST /p HT");
    ASSERT_TRUE(peer.Say(reply.substr(0, cut)));
    EXPECT_EQ(peer.good(), 0u);
    ASSERT_TRUE(peer.Say(reply.substr(cut)));
    EXPECT_EQ(peer.good(), 1u);
    EXPECT_EQ(peer.connection->Room(), 1);
  }
}

TEST(Http1Connection, DoesNotCountAnotherBodyAsGood) {
  for (const char* body : {"reqly", "reply ", "repl", ""}) {
    Peer peer(Protocol::kHttp1);
    ASSERT_TRUE(peer.Begin());
    ASSERT_TRUE(peer.Say(Http1Reply("200 OK", body)));
    EXPECT_EQ(peer.good(), 0u) << body;
    EXPECT_EQ(peer.connection->Active(), 0);
  }
}

TEST(Http1Connection, ReportsAnErrorStatus) {
  Peer peer(Protocol::kHttp1);
  ASSERT_TRUE(peer.Begin());
  ASSERT_TRUE(peer.Say(Http1Reply("503 No", "x")));
  EXPECT_EQ(peer.failure(), "HTTP status 503: x");
}

TEST(Http1Connection, RefusesBytesNobodyAskedFor) {
  Peer peer(Protocol::kHttp1);
  EXPECT_FALSE(peer.Say(Http1Reply("200 OK", kMessage)));
  Peer longer(Protocol::kHttp1);
  ASSERT_TRUE(longer.Begin());
  EXPECT_FALSE(longer.Say(Http1Reply("200 OK", kMessage) + "more"));
}

TEST(Http2Connection, SpeaksOnlyAfterTheSettingsOfTheServer) {
  Peer peer(Protocol::kGrpc);
  EXPECT_FALSE(peer.Begin());
  ASSERT_TRUE(peer.Say(Frame(kSettings, 0, 0, "")));
  EXPECT_EQ(peer.connection->Room(), 4);
  EXPECT_EQ(peer.Heard(), ClientPreface() + Frame(kSettings, kAck, 0, ""));
}

TEST(Http2Connection, ReadsAGrpcReplyCutAnywhere) {
  const std::string reply = GoodGrpc(1);
  for (size_t cut = 1; cut < reply.size(); cut++) {
    Peer peer(Protocol::kGrpc);
    ASSERT_TRUE(peer.Say(Frame(kSettings, 0, 0, "")));
    ASSERT_TRUE(peer.Begin());
    ASSERT_TRUE(peer.Say(reply.substr(0, cut)));
    EXPECT_EQ(peer.good(), 0u);
    ASSERT_TRUE(peer.Say(reply.substr(cut)));
    EXPECT_EQ(peer.good(), 1u);
  }
}

TEST(Http2Connection, TakesRepliesOutOfOrder) {
  Peer peer(Protocol::kGrpc);
  ASSERT_TRUE(peer.Say(Frame(kSettings, 0, 0, "")));
  for (int i = 0; i < 4; i++) ASSERT_TRUE(peer.Begin());
  EXPECT_FALSE(peer.Begin());  // four may be in flight
  ASSERT_TRUE(peer.Say(GoodGrpc(7) + GoodGrpc(1) + GoodGrpc(5) + GoodGrpc(3)));
  EXPECT_EQ(peer.good(), 4u);
}

TEST(Http2Connection, ReportsAGrpcErrorInTrailersOnly) {
  Peer peer(Protocol::kGrpc);
  ASSERT_TRUE(peer.Say(Frame(kSettings, 0, 0, "")));
  ASSERT_TRUE(peer.Begin());
  const std::string status = std::string("\x88\x00\x0b", 3) + "grpc-status" + "\x02" + "12";
  ASSERT_TRUE(peer.Say(Frame(kHeaders, kEndHeaders | kEndStream, 1, status)));
  EXPECT_EQ(peer.failure(), "grpc-status 12");
}

TEST(Http2Connection, KeepsToTheWindowsOfTheServer) {
  Peer peer(Protocol::kHttp2, std::string(100, 'b'));
  std::string settings;
  AppendSetting(kInitialWindowSize, 30, &settings);
  ASSERT_TRUE(peer.Say(Frame(kSettings, 0, 0, settings)));
  peer.Heard();
  ASSERT_TRUE(peer.Begin());
  const std::string first = Frame(kData, 0, 1, std::string(30, 'b'));
  const std::string heard = peer.Heard();
  EXPECT_EQ(heard.substr(heard.size() - first.size()), first);
  std::string update;
  AppendWindowUpdate(1, 50, &update);
  ASSERT_TRUE(peer.Say(update));
  EXPECT_EQ(peer.Heard(), Frame(kData, 0, 1, std::string(50, 'b')));
  settings.clear();
  AppendSetting(kInitialWindowSize, 60, &settings);  // 30 more, for open streams as well
  ASSERT_TRUE(peer.Say(Frame(kSettings, 0, 0, settings)));
  EXPECT_EQ(peer.Heard(),
            Frame(kSettings, kAck, 0, "") + Frame(kData, kEndStream, 1, std::string(20, 'b')));
}

TEST(Http2Connection, AnswersPingsAndIgnoresUnknownFrames) {
  Peer peer(Protocol::kGrpc);
  peer.connection->Flush();
  peer.Heard();
  ASSERT_TRUE(peer.Say(Frame(0xee, 0, 0, "whatever") + Frame(kPing, 0, 0, "12345678")));
  EXPECT_EQ(peer.Heard(), Frame(kPing, kAck, 0, "12345678"));
}

TEST(Http2Connection, StopsAfterGoAwayAndFailsWhatItLeavesOut) {
  Peer peer(Protocol::kGrpc);
  ASSERT_TRUE(peer.Say(Frame(kSettings, 0, 0, "")));
  ASSERT_TRUE(peer.Begin());
  ASSERT_TRUE(peer.Begin());
  ASSERT_TRUE(peer.Say(Frame(kGoAway, 0, 0, std::string("\0\0\0\1\0\0\0\0", 8))));
  EXPECT_EQ(peer.connection->Active(), 1);
  EXPECT_EQ(peer.connection->Room(), 0);
  EXPECT_TRUE(peer.connection->Draining());
  ASSERT_TRUE(peer.Say(GoodGrpc(1)));
  EXPECT_EQ(peer.good(), 1u);
}

TEST(Http2Connection, FailsAResetStreamAndGoesOn) {
  Peer peer(Protocol::kGrpc);
  ASSERT_TRUE(peer.Say(Frame(kSettings, 0, 0, "")));
  ASSERT_TRUE(peer.Begin());
  std::string reset;
  AppendRstStream(1, 7, &reset);
  ASSERT_TRUE(peer.Say(reset));
  EXPECT_EQ(peer.failure(), "RST_STREAM with error code 7");
  EXPECT_EQ(peer.connection->Room(), 4);
}

TEST(Http2Connection, ReadsPaddedDataAndContinuedHeaders) {
  Peer peer(Protocol::kGrpc);
  ASSERT_TRUE(peer.Say(Frame(kSettings, 0, 0, "")));
  ASSERT_TRUE(peer.Begin());
  ASSERT_TRUE(peer.Say(Frame(kHeaders, kEndHeaders, 1, kStatus200) +
                       Frame(kData, kPadded, 1, "\x03" + kGrpcReply + "pad") +
                       Frame(kHeaders, kEndStream, 1, kGrpcOk.substr(0, 4)) +
                       Frame(kContinuation, kEndHeaders, 1, kGrpcOk.substr(4))));
  EXPECT_EQ(peer.good(), 1u);
}

TEST(Hpack, ReadsEveryFormOfAStatus) {
  const struct {
    std::string block;
    int http_status;
    int grpc_status;
  } cases[] = {
      {"\x88", 200, -1},
      {"\x8d", 404, -1},
      {std::string("\x08\x03") + "503", 503, -1},
      {std::string("\x48\x82\x68\x17", 4), -1, -1},  // Huffman "40", then no digit
      {std::string("\x20\x88", 2), 200, -1},         // after a table size update
      {kGrpcOk, -1, 0},
      {kGrpcOk.substr(0, 10) + std::string("\x81\x07", 2), -1, 0},  // Huffman "0", padded
      {kGrpcOk.substr(0, 10) + std::string("\x82\x08\xbf", 3), -1, 12},
  };
  for (const auto& one : cases) {
    ReplyHeaders headers;
    EXPECT_TRUE(ReadReplyHeaders(reinterpret_cast<const uint8_t*>(one.block.data()),
                                 one.block.size(), &headers));
    EXPECT_EQ(headers.http_status, one.http_status);
    EXPECT_EQ(headers.grpc_status, one.grpc_status);
  }
}

TEST(Hpack, RefusesADynamicTableAndTruncatedBlocks) {
  for (const std::string& block :
       {std::string("\xbe"), std::string("\x3f\xe1\x1f"), std::string("\x7f"),
        std::string("\x08\x05xx"), kGrpcOk.substr(0, 6), kGrpcOk.substr(0, 11)}) {
    ReplyHeaders headers;
    EXPECT_FALSE(
        ReadReplyHeaders(reinterpret_cast<const uint8_t*>(block.data()), block.size(), &headers));
  }
}

}  // namespace
}  // namespace tensorgate::load
