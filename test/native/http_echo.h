// An HTTP server without sockets that answers each request with its target, fields and body. Shared
// by the tests and the fuzz target.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "http1/connection.h"

namespace tensorgate {

class HttpEcho : public HttpOwner {
 public:
  explicit HttpEcho(size_t budget_bytes = 1 << 20) : budget_(budget_bytes) {
    limits.max_head_bytes = 4096;
    limits.max_body_bytes = 1 << 18;
    limits.idle_seconds = 7;
  }

  MemoryBudget* budget() override { return &budget_; }
  bool OnHead(HttpConnection* connection) override {
    return connection->head().target.substr(0, 5) != "/drop";
  }
  void OnRequest(HttpConnection* connection, BodyRefusal refusal) override {
    const RequestHead& head = connection->head();
    requests.push_back(std::string(head.method) + " " + head.target);
    refusals.push_back(refusal);
    waiting = connection;
    if (answers) Answer();
  }
  void OnOver(HttpConnection*) override {
    ++over;
    waiting = nullptr;
  }
  void OnOutput(HttpConnection*) override {}
  void OnDeadline(HttpConnection*) override {}

  // REQUIRES: a request waits.
  void Answer(bool close = false) {
    HttpConnection* connection = std::exchange(waiting, nullptr);
    HttpAnswer answer;
    answer.status = "200 OK";
    answer.headers = "X-Echo: 1\r\n";
    answer.close = close;
    answer.body.Append(connection->head().target);
    answer.body.Append("|");
    answer.body.Append(connection->head().fields);
    answer.body.Append("|");
    answer.body.Append(connection->body()->bytes.view());
    connection->Respond(std::move(answer));
  }

  HttpLimits limits;
  bool answers = true;
  HttpConnection* waiting = nullptr;
  std::vector<std::string> requests;
  std::vector<BodyRefusal> refusals;
  int over = 0;

 private:
  MemoryBudget budget_;
};

}  // namespace tensorgate
