// Whatever a client may send over a gRPC connection: in pieces, with its answers pulled in between.
// At the end every call is over and no memory is held. Without an nghttp2 to link with, only the
// messages in DATA frames are read. One thread.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../native/echo_owner.h"
#include "grpc/message_reader.h"
#include "grpc/wire_text.h"
#include "http2/nghttp2.h"

namespace {

using tensorgate::Connection;
using tensorgate::EchoOwner;
using tensorgate::OutputBuffer;

void Check(bool ok) {
  if (!ok) std::abort();
}

void ReadMessages(std::string_view bytes) {
  tensorgate::MemoryBudget budget(1 << 16);
  {
    tensorgate::MessageReader reader;
    while (!bytes.empty() &&
           reader.Read(&bytes, 1 << 15, &budget) == tensorgate::MessageReader::Result::kMessage) {
      reader.Take();
    }
  }
  Check(budget.used() == 0);
}

void Serve(std::string_view bytes, size_t piece) {
  EchoOwner owner(1 << 18);
  {
    Connection connection(owner.options().connection, &owner);
    bool ok = true;
    for (size_t at = 0; ok && at < bytes.size(); at += piece) {
      ok = connection.Receive(bytes.substr(at, piece), at);
      OutputBuffer out;
      ok = connection.Pull(&out, 1 << 16) && ok;
    }
    connection.Drain();
    OutputBuffer out;
    connection.Pull(&out, 1 << 16);
  }
  Check(owner.open_streams == 0 && owner.open_calls == 0 && owner.budget()->used() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  ReadMessages(bytes);
  uint32_t millis = 0;
  tensorgate::ParseGrpcTimeout(bytes, &millis);
  tensorgate::PercentEncode(bytes);
  static const bool has_http2 = tensorgate::Http2Missing() == nullptr;
  if (!has_http2) return 0;
  // The first byte says in which pieces it comes, and whether the client says hello.
  const size_t piece = data[0] < 128 ? size : static_cast<size_t>(data[0] - 127);
  if (data[0] % 2 == 0) return Serve(bytes, piece), 0;
  Serve(tensorgate::Preface() + std::string(bytes), piece);
  return 0;
}
