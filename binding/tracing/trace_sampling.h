// TraceSampling: which requests get a span. A client that sends a W3C `traceparent` has decided
// that already, if the server goes by it; of the others a random share does. For the process; off
// until it is configured. THREAD: any.
#pragma once

#include <string_view>

namespace tensorgate {

class TraceSampling {
 public:
  // `ratio`: 0 to 1. `follows_parent`: whether a traceparent decides.
  static void Configure(double ratio, bool follows_parent);

  // For who would have to look for the header.
  static bool IsOn();

  // Whether a request is traced that came with that header; empty: with none. One load where
  // nothing is.
  static bool Wants(std::string_view traceparent);
};

// Of version 00, or of a later one that begins alike; what is not to be understood is as good as no
// header, as the recommendation has it.
struct TraceParent {
  bool valid = false;
  bool sampled = false;
};
TraceParent ReadTraceParent(std::string_view text);

}  // namespace tensorgate
