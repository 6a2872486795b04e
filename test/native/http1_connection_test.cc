// HttpConnection, by the bytes of a client. It needs an llhttp, which in the addon is Node's own:
// here it is that of the system's package of sources, and without it the tests are skipped.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "http1/connection.h"
#include "http1/llhttp.h"
#include "http_echo.h"

namespace tensorgate {
namespace {

class Http1ConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* missing = LlhttpMissing(); missing != nullptr) {
      GTEST_SKIP() << "the package node-llhttp is not here: no " << missing;
    }
    Open();
  }

  void TearDown() override {
    if (connection_ == nullptr) return;
    connection_->Close();
    EXPECT_EQ(owner_.over, 1);
    connection_.reset();
    EXPECT_EQ(owner_.budget()->used(), 0u);
  }

  void Open() { connection_ = std::make_unique<HttpConnection>(owner_.limits, &owner_); }

  // What is to be sent, until there is nothing more.
  std::string Pull(size_t most = 1 << 16) {
    std::string all;
    for (;;) {
      SendQueue queue;
      connection_->Fill(&queue, most);
      if (queue.is_empty()) return all;
      OutputBuffer out;
      queue.CopyTo(&out);
      all.append(out.view());
    }
  }

  std::string Ask(std::string_view bytes) {
    connection_->Receive(bytes);
    return Pull();
  }

  static size_t Count(const std::string& text, std::string_view part) {
    size_t count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      ++count;
    }
    return count;
  }

  HttpEcho owner_;
  std::unique_ptr<HttpConnection> connection_;
};

constexpr std::string_view kGet = "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(Http1ConnectionTest, AnswersWithLengthAndDate) {
  const std::string answer = Ask(kGet);
  EXPECT_EQ(answer.substr(0, 34), "HTTP/1.1 200 OK\r\nX-Echo: 1\r\nDate: ");
  EXPECT_NE(answer.find("\r\nContent-Length: 13\r\n\r\n/a?b|host:x\n|"), std::string::npos);
  EXPECT_TRUE(connection_->is_idle());
}

TEST_F(Http1ConnectionTest, ReadsByteByByteAsAtOnce) {
  const std::string_view request =
      "\r\nPOST /x HTTP/1.1\r\nHOST: y\r\nEmpty:\r\nBlank:   \r\nTail: t \t \r\n"
      "Transfer-Encoding: chunked\r\n\r\n3;e=\"f\"\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: 1\r\n\r\n";
  const std::string at_once = Ask(request);
  for (char c : request) connection_->Receive({&c, 1});
  EXPECT_EQ(Pull(), at_once);
  EXPECT_NE(at_once.find("/x|host:y\nempty:\nblank:\ntail:t\ntransfer-encoding:chunked\n|abcde"),
            std::string::npos);
}

TEST_F(Http1ConnectionTest, AnswersPipelinedRequestsOneAfterTheOther) {
  owner_.answers = false;
  std::string all;
  for (int i = 0; i < 3000; ++i) all += kGet;
  connection_->Receive(all);
  EXPECT_FALSE(connection_->wants_input());
  EXPECT_EQ(owner_.requests.size(), 1u);
  EXPECT_EQ(Pull(), "");
  std::string answers;
  while (owner_.waiting != nullptr) {
    owner_.Answer();
    answers += Pull(1);
  }
  EXPECT_EQ(Count(answers, "HTTP/1.1 200 OK"), 3000u);
  EXPECT_TRUE(connection_->wants_input());
  EXPECT_TRUE(connection_->is_idle());
}

TEST_F(Http1ConnectionTest, FillsNoMoreThanAsked) {
  std::string all;
  for (int i = 0; i < 100; ++i) all += kGet;
  connection_->Receive(all);
  SendQueue queue;
  connection_->Fill(&queue, 1000);
  EXPECT_LT(queue.size(), 1200u);
  OutputBuffer first;
  queue.CopyTo(&first);
  const std::string all_answers = std::string(first.view()) + Pull(1);
  EXPECT_EQ(Count(all_answers, "HTTP/1.1 200 OK"), 100u);
}

TEST_F(Http1ConnectionTest, KeepsConnectionsByVersionAndName) {
  const std::string kept = Ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n");
  EXPECT_NE(kept.find("\r\nConnection: keep-alive\r\nKeep-Alive: timeout=7\r\n"),
            std::string::npos);
  EXPECT_FALSE(connection_->is_over());
  EXPECT_NE(Ask("GET / HTTP/1.0\r\n\r\n").find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(connection_->is_over());
  EXPECT_EQ(Ask(kGet), "");
}

TEST_F(Http1ConnectionTest, SendsNoBodyToHead) {
  const std::string answer = Ask("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(answer.substr(answer.size() - 8), " GMT\r\n\r\n");
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
}

TEST_F(Http1ConnectionTest, SaysToGoOnWhereABodyIsReadOrPassedOver) {
  const std::string head =
      " HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(Ask("POST /x" + head), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(connection_->is_reading_body());
  EXPECT_NE(Ask("ab").find("|ab"), std::string::npos);
  EXPECT_EQ(Ask("POST /drop" + head), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(Ask("ab").substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_FALSE(connection_->is_over());
}

TEST_F(Http1ConnectionTest, PassesOverABodyThatIsNotWanted) {
  const std::string answer = Ask("POST /drop HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(answer.back(), '|');
  EXPECT_FALSE(connection_->is_over());
}

TEST_F(Http1ConnectionTest, TellsWhyABodyIsRefused) {
  const std::string chunk(4000, 'a');
  Ask("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n");
  EXPECT_EQ(owner_.refusals.back(), BodyRefusal::kTooLarge);
  EXPECT_TRUE(connection_->is_over());
  connection_->Close();
  Open();
  owner_.over = 0;
  connection_->Receive("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 70 && owner_.requests.size() < 2; ++i) {
    connection_->Receive("fa0\r\n" + chunk + "\r\n");
  }
  EXPECT_EQ(owner_.refusals.back(), BodyRefusal::kTooLarge);
  EXPECT_NE(Pull().find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST_F(Http1ConnectionTest, TakesNoMoreThanTheBudget) {
  ASSERT_TRUE(owner_.budget()->Take((1 << 20) - (32 << 10)));
  Ask("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(owner_.refusals.back(), BodyRefusal::kNone);  // the short are not counted
  Ask("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + std::string(5000, 'a'));
  EXPECT_EQ(owner_.refusals.back(), BodyRefusal::kNoMemory);
  owner_.budget()->Give((1 << 20) - (32 << 10));
}

TEST_F(Http1ConnectionTest, AnswersAfterTheClientsEnd) {
  owner_.answers = false;
  connection_->Receive(std::string(kGet) + std::string(kGet) + "GET /never");
  connection_->End();
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(connection_->is_over());
    owner_.Answer();
    EXPECT_NE(Pull(), "");
  }
  EXPECT_TRUE(connection_->is_over());
}

TEST_F(Http1ConnectionTest, DrainsWithTheNextAnswer) {
  connection_->Drain();
  EXPECT_TRUE(connection_->is_idle());
  EXPECT_NE(Ask(kGet).find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(connection_->is_over());
}

TEST_F(Http1ConnectionTest, DrainsOnceWhatWasSentAheadIsAnswered) {
  owner_.answers = false;
  connection_->Receive(std::string(kGet) + std::string(kGet));
  connection_->Drain();
  connection_->Receive(kGet);
  for (bool closes : {false, false, true}) {
    ASSERT_NE(owner_.waiting, nullptr);
    owner_.Answer();
    EXPECT_EQ(Pull().find("\r\nConnection: close\r\n") != std::string::npos, closes);
  }
  EXPECT_TRUE(connection_->is_over());
}

TEST_F(Http1ConnectionTest, DrainsAClientThatAlwaysSendsAhead) {
  owner_.answers = false;
  connection_->Drain();
  connection_->Receive(kGet);
  int answers = 0;
  for (; !connection_->is_over() && answers < 2000; ++answers) {
    connection_->Receive(kGet);
    owner_.Answer();
    Pull();
  }
  EXPECT_EQ(answers, 1000);
}

TEST_F(Http1ConnectionTest, RefusesWhatIsReadAndNothingElse) {
  connection_->Receive("GET / HT");
  EXPECT_TRUE(connection_->is_reading());
  connection_->Refuse("408 Request Timeout", "Too \"slow\".");
  const std::string answer = Pull();
  EXPECT_EQ(answer.substr(0, 30), "HTTP/1.1 408 Request Timeout\r\n");
  EXPECT_NE(answer.find("{\n    \"error\": \"Too \\\"slow\\\".\"\n}"), std::string::npos);
  EXPECT_TRUE(connection_->is_over());
}

struct Refused {
  const char* what;
  const char* fields;
  const char* status;
};

TEST_F(Http1ConnectionTest, RefusesWhatOthersMightReadInAnotherWay) {
  for (const Refused& each : {
           Refused{"two lengths", "Content-Length: 1\r\nContent-Length: 1\r\n", "400"},
           Refused{"a list of lengths", "Content-Length: 1, 1\r\n", "400"},
           Refused{"a sign", "Content-Length: +1\r\n", "400"},
           Refused{"a huge length", "Content-Length: 18446744073709551616\r\n", "400"},
           Refused{"both", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "400"},
           Refused{"both, turned round", "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
                   "400"},
           Refused{"another coding", "Transfer-Encoding: gzip, chunked\r\n", "501"},
           Refused{"a second field", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
                   "400"},
           Refused{"a folded field", "A: b\r\n c\r\n", "400"},
           Refused{"a blank before the colon", "A : b\r\n", "400"},
           Refused{"a bare CR", "A: b\rC: d\r\n", "400"},
           Refused{"a second Host", "Host: y\r\n", "400"},
           Refused{"an unknown Expect", "Expect: x\r\n", "417"},
       }) {
    const std::string answer = Ask("POST /x HTTP/1.1\r\nHost: x\r\n" + std::string(each.fields) +
                                   "\r\n1\r\na\r\n0\r\n\r\n");
    EXPECT_EQ(answer.substr(9, 3), each.status) << each.what << ": " << answer;
    EXPECT_TRUE(connection_->is_over()) << each.what;
    EXPECT_TRUE(owner_.requests.empty()) << each.what;
    owner_.requests.clear();
    Open();
    owner_.over = 0;
  }
}

TEST_F(Http1ConnectionTest, CountsTheHead) {
  const std::string start = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
  EXPECT_EQ(Ask(start + std::string(4000, 'a') + "\r\n\r\n").substr(9, 3), "200");
  EXPECT_EQ(Ask(start + std::string(4096, 'a') + "\r\n\r\n").substr(9, 3), "431");
  EXPECT_TRUE(connection_->is_over());
}

TEST_F(Http1ConnectionTest, TakesAnUpgradeForAPlainRequest) {
  const std::string offer = " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n";
  const std::string answers = Ask("GET /1" + offer + "\r\nPOST /2" + offer +
                                  "Content-Length: 1\r\n\r\naGET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(Count(answers, "HTTP/1.1 200 OK"), 3u);
}

}  // namespace
}  // namespace tensorgate
