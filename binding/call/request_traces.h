// RequestTraces: what the spans of traced requests are made of that a transport has run by itself,
// until JavaScript takes them. Belongs to the transport's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/stage_spans.h"

namespace tensorgate {

// One request. Its run may end before its answer, or after: where a deadline ends the request.
struct RequestTrace {
  using Clock = std::chrono::steady_clock;

  uint32_t method = 0;      // the transport's: what was asked for
  std::string traceparent;  // the client's; empty: none
  std::string request_id;   // likewise
  std::string path;         // REST's
  std::string model;        // what runs
  int64_t version = 0;
  Clock::time_point began;
  Clock::time_point ended;
  int status = 0;       // HTTP's, 0: the client has gone; or gRPC's code
  std::string message;  // that goes with it
  StageSpans stages;
  bool has_run = false;
  bool is_over = false;
};

class RequestTraces {
 public:
  // They are taken a few times a second, and exporters keep fewer.
  static constexpr size_t kMost = 1024;

  // Its run has ended.
  void NoteRun(std::shared_ptr<RequestTrace> trace, const StageSpans& stages) {
    trace->stages = stages;
    trace->has_run = true;
    Keep(std::move(trace));
  }
  // It is answered, or nobody waits any more.
  void NoteEnd(std::shared_ptr<RequestTrace> trace, int status, std::string_view message) {
    trace->ended = RequestTrace::Clock::now();
    trace->status = status;
    trace->message = message;
    trace->is_over = true;
    Keep(std::move(trace));
  }

  std::vector<std::shared_ptr<RequestTrace>> Take() { return std::exchange(complete_, {}); }

 private:
  void Keep(std::shared_ptr<RequestTrace> trace) {
    if (trace->has_run && trace->is_over && complete_.size() < kMost) {
      complete_.push_back(std::move(trace));
    }
  }

  std::vector<std::shared_ptr<RequestTrace>> complete_;
};

}  // namespace tensorgate
