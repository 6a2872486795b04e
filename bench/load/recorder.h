// Counts finished requests and keeps their latencies, for the measured part of a run only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "histogram.h"

namespace tensorgate::load {

enum class Outcome {
  kGood,      // the expected reply
  kFailed,    // an error status, a broken reply or a lost connection
  kMismatch,  // a reply without error whose bytes are not the expected ones
};

class Recorder {
 public:
  // Which requests count: in a closed loop those that finish inside the measured window, in an
  // open loop those that were due inside it, whenever they finish.
  enum class Select { kByEnd, kByStart };

  // UNITS: nanoseconds of NowNanos(); the window is [from, until).
  Recorder(int64_t from, int64_t until, Select select)
      : from_(from), until_(until), select_(select) {}

  // `start` is when the request was due (open loop) or sent (closed loop).
  void Record(Outcome outcome, int64_t start, int64_t end);

  // Counts the reason for the report; call it beside Record(kFailed).
  void Explain(const std::string& reason);

  // The window is over earlier.
  void End(int64_t now) { until_ = std::min(until_, now); }

  // A request due at `start` was put on the list of arrivals (open loop).
  void CountArrival(int64_t start) { arrivals_ += InWindow(start) ? 1 : 0; }

  uint64_t good_ever() const { return good_ever_; }
  struct Failure {
    std::string reason;
    uint64_t count;
  };
  // By reason, at most kMaxReasons of them, warm-up included, in the order they first came.
  const std::vector<Failure>& failures() const { return failures_; }

  // One line of JSON and a newline.
  void WriteJson(std::FILE* file) const;

 private:
  static constexpr size_t kMaxReasons = 20;

  bool InWindow(int64_t time) const { return time >= from_ && time < until_; }

  const int64_t from_;
  int64_t until_;
  const Select select_;
  Histogram latencies_;
  uint64_t errors_ = 0;
  uint64_t mismatches_ = 0;
  uint64_t finished_inside_ = 0;  // good ones that ended in the window: the throughput
  uint64_t arrivals_ = 0;
  uint64_t good_ever_ = 0;  // warm-up included
  std::vector<Failure> failures_;
};

}  // namespace tensorgate::load
