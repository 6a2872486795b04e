// StageSpans: when one request was in each of its stages, for its trace. Plain data.
#pragma once

#include <array>
#include <chrono>

#include "model/request_statistics.h"

namespace tensorgate {

struct StageSpans {
  struct Span {
    // UNITS: nanoseconds of the steady clock; 0: it never came there. Of several times in one
    // stage the first beginning and the last end.
    double begin = 0;
    double end = 0;
  };
  std::array<Span, kRequestStages> stages;

  static double Nanoseconds(std::chrono::steady_clock::time_point time) {
    return static_cast<double>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
  }

  void Add(RequestStage stage, std::chrono::steady_clock::time_point begin,
           std::chrono::steady_clock::time_point end) {
    Span& span = stages[static_cast<size_t>(stage)];
    if (span.begin == 0) span.begin = Nanoseconds(begin);
    span.end = Nanoseconds(end);
  }
};

}  // namespace tensorgate
