// Connection and GrpcCall, by the frames of a client. They need an nghttp2, which in the addon is
// Node's own: here it is the system's library, and without it the tests are skipped.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "echo_owner.h"
#include "http2/connection.h"
#include "http2/nghttp2.h"

namespace tensorgate {
namespace {

struct Frame {
  uint8_t type;
  uint8_t flags;
  uint32_t stream;
  std::string payload;
};

constexpr uint8_t kEndHeaders = 4;
constexpr uint8_t kGoawayFrame = 7;

class Http2ConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* missing = Http2Missing(); missing != nullptr) {
      GTEST_SKIP() << "libnghttp2.so.14 is not here: no " << missing;
    }
    connection_ = std::make_unique<Connection>(owner_.options().connection, &owner_);
  }

  void TearDown() override {
    connection_.reset();
    EXPECT_EQ(owner_.open_calls, 0);
    EXPECT_EQ(owner_.open_streams, 0);
    EXPECT_EQ(owner_.budget()->used(), 0u);
  }

  bool Receive(std::string_view bytes) { return connection_->Receive(bytes, now_millis_); }

  // All that is to be sent, frame by frame.
  std::vector<Frame> Pull() {
    OutputBuffer out;
    connection_->Pull(&out, SIZE_MAX);
    std::vector<Frame> frames;
    std::string_view rest = out.view();
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(rest[i]); };
    while (rest.size() >= 9) {
      const size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
      const uint32_t stream = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
      frames.push_back({byte(3), byte(4), stream, std::string(rest.substr(9, size))});
      rest.remove_prefix(9 + size);
    }
    EXPECT_TRUE(rest.empty());
    return frames;
  }

  static std::string DataOf(const std::vector<Frame>& frames, uint32_t stream) {
    std::string data;
    for (const Frame& frame : frames) {
      if (frame.type == kDataFrame && frame.stream == stream) data += frame.payload;
    }
    return data;
  }

  static std::string Request(uint32_t stream, std::string_view message) {
    return Http2FrameBytes(kHeadersFrame, kEndHeaders, stream, GrpcHeaders("/echo")) +
           Http2FrameBytes(kDataFrame, kEndStreamFlag, stream, Prefixed(message));
  }

  EchoOwner owner_;
  std::unique_ptr<Connection> connection_;
  uint64_t now_millis_ = 1;
};

TEST_F(Http2ConnectionTest, AnswersACallWithHeadersAMessageAndTrailers) {
  ASSERT_TRUE(Receive(Preface() + Request(1, "hello")));
  const std::vector<Frame> frames = Pull();
  EXPECT_EQ(DataOf(frames, 1), Prefixed("hello"));
  std::vector<int> types;
  for (const Frame& frame : frames) {
    if (frame.stream == 1) types.push_back(frame.type);
  }
  EXPECT_EQ(types, (std::vector<int>{kHeadersFrame, kDataFrame, kHeadersFrame}));
  EXPECT_EQ(frames.back().flags & kEndStreamFlag, kEndStreamFlag);
  EXPECT_EQ(connection_->streams(), 0u);
}

TEST_F(Http2ConnectionTest, ReadsTheSameByteByByte) {
  const std::string bytes = Preface() + Request(1, "hello") + Request(3, "");
  for (char c : bytes) ASSERT_TRUE(Receive({&c, 1}));
  EXPECT_EQ(owner_.messages, (std::vector<std::string>{"hello", ""}));
  const std::vector<Frame> frames = Pull();
  EXPECT_EQ(DataOf(frames, 1), Prefixed("hello"));
  EXPECT_EQ(DataOf(frames, 3), Prefixed(""));
}

TEST_F(Http2ConnectionTest, GathersAMessageOfManyFrames) {
  const std::string message(200'000, 'm');
  const std::string bytes = Prefixed(message);
  // Until the client says that it knows our windows, the protocol's own hold.
  ASSERT_TRUE(Receive(Preface()));
  Pull();  // our SETTINGS among it
  ASSERT_TRUE(Receive(Http2FrameBytes(kSettingsFrame, kAckFlag, 0)));
  ASSERT_TRUE(Receive(Http2FrameBytes(kHeadersFrame, kEndHeaders, 1, GrpcHeaders("/echo"))));
  constexpr size_t kPart = 16'000;
  for (size_t at = 0; at < bytes.size(); at += kPart) {
    const bool is_last = at + kPart >= bytes.size();
    ASSERT_TRUE(Receive(Http2FrameBytes(kDataFrame, is_last ? kEndStreamFlag : 0, 1,
                                        std::string_view(bytes).substr(at, kPart))));
  }
  ASSERT_EQ(owner_.messages.size(), 1u);
  EXPECT_EQ(owner_.messages[0], message);
  // The client's windows are those of the protocol: 65,535 bytes.
  EXPECT_EQ(DataOf(Pull(), 1), bytes.substr(0, 65'535));
  EXPECT_EQ(connection_->queued_bytes(), bytes.size() - 65'535);
}

TEST_F(Http2ConnectionTest, HoldsNoMoreThanCameAndGivesItBack) {
  std::string lie = Prefixed(std::string(400'000, 'x'));
  ASSERT_TRUE(Receive(Preface() +
                      Http2FrameBytes(kHeadersFrame, kEndHeaders, 1, GrpcHeaders("/echo")) +
                      Http2FrameBytes(kDataFrame, 0, 1, lie.substr(0, 100))));
  EXPECT_GT(owner_.budget()->used(), 0u);
  EXPECT_LE(owner_.budget()->used(), 64u << 10);
  ASSERT_TRUE(Receive(Http2FrameBytes(kRstStreamFrame, 0, 1, std::string_view("\0\0\0\x08", 4))));
  EXPECT_EQ(owner_.budget()->used(), 0u);
  EXPECT_EQ(owner_.open_calls, 0);
}

TEST_F(Http2ConnectionTest, EndsACallAtItsMemoryLimitAndServesTheNext) {
  EchoOwner small(100);
  Connection connection(small.options().connection, &small);
  ASSERT_TRUE(connection.Receive(Preface() + Request(1, std::string(1000, 'x')), 1));
  EXPECT_TRUE(small.messages.empty());
  ASSERT_TRUE(connection.Receive(Request(3, "fits"), 1));
  EXPECT_EQ(small.messages, std::vector<std::string>{"fits"});
}

TEST_F(Http2ConnectionTest, StreamsBothWays) {
  ASSERT_TRUE(Receive(Preface() +
                      Http2FrameBytes(kHeadersFrame, kEndHeaders, 1, GrpcHeaders("/stream")) +
                      Http2FrameBytes(kDataFrame, 0, 1, Prefixed("a") + Prefixed("b"))));
  EXPECT_EQ(DataOf(Pull(), 1), Prefixed("a") + Prefixed("b"));
  ASSERT_TRUE(Receive(Http2FrameBytes(kDataFrame, kEndStreamFlag, 1, Prefixed("c"))));
  const std::vector<Frame> frames = Pull();
  EXPECT_EQ(DataOf(frames, 1), Prefixed("c"));
  EXPECT_EQ(frames.back().flags & kEndStreamFlag, kEndStreamFlag);
}

TEST_F(Http2ConnectionTest, DropsTheAnswerOfAStreamThatWasReset) {
  owner_.answers = false;
  ASSERT_TRUE(Receive(Preface() + Request(1, "a")));
  EXPECT_EQ(owner_.open_calls, 1);
  ASSERT_TRUE(Receive(Http2FrameBytes(kRstStreamFrame, 0, 1, std::string_view("\0\0\0\x08", 4))));
  EXPECT_EQ(owner_.open_calls, 0);
  EXPECT_EQ(connection_->streams(), 0u);
}

TEST_F(Http2ConnectionTest, EndsFloods) {
  const std::vector<std::string> floods = {
      Http2FrameBytes(kPingFrame, 0, 0, std::string(8, '\0')),
      Http2FrameBytes(kSettingsFrame, 0, 0),
      Http2FrameBytes(kPriorityFrame, 0, 1, std::string_view("\0\0\0\0\x01", 5)),
      Http2FrameBytes(kDataFrame, 0, 1),
  };
  for (const std::string& flood : floods) {
    EchoOwner owner;
    Connection connection(owner.options().connection, &owner);
    ASSERT_TRUE(connection.Receive(
        Preface() + Http2FrameBytes(kHeadersFrame, kEndHeaders, 1, GrpcHeaders("/echo")), 1));
    bool ok = true;
    for (int i = 0; i < 20'000 && ok; ++i) {
      ok = connection.Receive(flood, 1);
      OutputBuffer read;
      ok = connection.Pull(&read, SIZE_MAX) && ok;
    }
    EXPECT_FALSE(ok) << static_cast<int>(flood[3]);
  }
}

TEST_F(Http2ConnectionTest, LetsTheSameFramesPassOverTime) {
  ASSERT_TRUE(Receive(Preface()));
  for (int i = 0; i < 5'000; ++i) {
    now_millis_ += 10;
    ASSERT_TRUE(Receive(Http2FrameBytes(kSettingsFrame, 0, 0)));
    Pull();
  }
}

TEST_F(Http2ConnectionTest, EndsRapidResetsAndEndlessHeaders) {
  ASSERT_TRUE(Receive(Preface()));
  bool ok = true;
  for (uint32_t stream = 1; stream < 6'000 && ok; stream += 2) {
    ok = Receive(Http2FrameBytes(kHeadersFrame, kEndHeaders, stream, GrpcHeaders("/echo")) +
                 Http2FrameBytes(kRstStreamFrame, 0, stream, std::string_view("\0\0\0\x08", 4)));
    Pull();
  }
  EXPECT_FALSE(ok);

  Connection other(owner_.options().connection, &owner_);
  ASSERT_TRUE(
      other.Receive(Preface() + Http2FrameBytes(kHeadersFrame, 0, 1, GrpcHeaders("/echo")), 1));
  ok = true;
  for (int i = 0; i < 20'000 && ok; ++i) ok = other.Receive(Http2FrameBytes(9, 0, 1), 1);
  EXPECT_FALSE(ok);
}

TEST_F(Http2ConnectionTest, DrainsAfterWhatTheClientHadBegun) {
  owner_.answers = false;
  ASSERT_TRUE(Receive(Preface() + Request(1, "a")));
  Pull();
  connection_->Drain();
  std::string ping;
  for (const Frame& frame : Pull()) {
    if (frame.type == kPingFrame) ping = frame.payload;
  }
  ASSERT_EQ(ping.size(), 8u);
  // Begun before the notice was read: the one was sent before it, the other was queued, behind the
  // answer to the ping.
  const std::string answer = Http2FrameBytes(kPingFrame, kAckFlag, 0, ping);
  ASSERT_TRUE(Receive(Request(3, "b") + answer + Request(5, "c")));
  EXPECT_EQ(owner_.messages.size(), 3u);
  EXPECT_EQ(Pull().back().type, kPingFrame);
  ASSERT_TRUE(Receive(Request(7, "d") + answer));
  EXPECT_EQ(owner_.messages.size(), 4u);
  EXPECT_EQ(Pull().back().type, kGoawayFrame);
  EXPECT_FALSE(connection_->is_over());
  ASSERT_TRUE(Receive(Request(9, "too late")));
  EXPECT_EQ(owner_.messages.size(), 4u);
  const std::string cancel = std::string("\0\0\0\x08", 4);
  for (int stream = 1; stream <= 7; stream += 2) {
    ASSERT_TRUE(Receive(Http2FrameBytes(kRstStreamFrame, 0, stream, cancel)));
  }
  Pull();
  EXPECT_TRUE(connection_->is_over());
}

}  // namespace
}  // namespace tensorgate
