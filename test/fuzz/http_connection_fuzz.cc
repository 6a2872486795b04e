// Whatever a client may send over an HTTP/1.1 connection: in pieces, answered at once or later,
// with its answers pulled in between. How it is cut changes nothing of what the server makes of it,
// and at the end no memory is held. Without an llhttp nothing is done. One thread.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "../native/http_echo.h"
#include "http1/llhttp.h"

namespace {

using tensorgate::HttpConnection;
using tensorgate::HttpEcho;
using tensorgate::OutputBuffer;
using tensorgate::SendQueue;

void Check(bool ok) {
  if (!ok) std::abort();
}

void Pull(HttpConnection* connection) {
  for (;;) {
    SendQueue queue;
    connection->Fill(&queue, 1 << 12);
    if (queue.is_empty()) return;
  }
}

std::vector<std::string> Serve(std::string_view bytes, size_t piece, bool later) {
  HttpEcho owner(1 << 18);
  owner.answers = !later;
  {
    HttpConnection connection(owner.limits, &owner);
    for (size_t at = 0; at < bytes.size(); at += piece) {
      connection.Receive(bytes.substr(at, piece));
      while (owner.waiting != nullptr && at % 2 == 0) {
        owner.Answer();
        Pull(&connection);
      }
      Pull(&connection);
    }
    while (owner.waiting != nullptr) {
      owner.Answer();
      Pull(&connection);
    }
    connection.End();
    Pull(&connection);
    connection.Close();
    Check(connection.is_over());
  }
  Check(owner.over == 1 && owner.budget()->used() == 0);
  return owner.requests;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || tensorgate::LlhttpMissing() != nullptr) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto at_once = Serve(bytes, std::max<size_t>(bytes.size(), 1), false);
  Check(Serve(bytes, 1 + data[0] % 61, true) == at_once);
  Check(Serve(bytes, 1, false) == at_once);
  return 0;
}
