// The command line of loadgen.
#pragma once

#include <string>

#include "address.h"

namespace tensorgate::load {

enum class Protocol {
  kHttp1,  // http: HTTP/1.1 with keep-alive
  kHttp2,  // http2: cleartext HTTP/2, success is status 200
  kGrpc,   // grpc: the same with gRPC framing, success is grpc-status 0
};

struct Options {
  Protocol protocol = Protocol::kHttp1;
  Address address;
  int connections = 1;
  int in_flight = 1;   // per connection
  double seconds = 5;  // measured
  double warmup = 1;   // before that, not measured
  double rate = 0;     // requests per second of an open loop; 0: closed loop
  unsigned seed = 1;   // of the arrival times
  std::string path = "/";
  std::string body;  // bytes of --body; without the option the request is a GET
  bool has_body = false;
  std::string expect;  // bytes of --expect
  bool has_expect = false;
  std::string json;  // file for the figures; stdout gets them in any case
};

// ERRORS: false, with a reason in `error`.
bool ParseOptions(int argc, char** argv, Options* options, std::string* error);

extern const char kUsage[];

}  // namespace tensorgate::load
