// Timeline: the ops of many runs, laid out as viewers of profiles show them: lines, one for each
// thread, on each of which events follow each other or lie within each other. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "profile/run_profile.h"

namespace tensorgate {

// UNITS: nanoseconds since 1970.
struct TimelineEvent {
  int64_t start_nanos;
  int64_t end_nanos;
  uint32_t name;  // in Timeline::names
};

struct TimelineLine {
  int64_t id;
  std::string name;
  std::vector<TimelineEvent> events;  // by start, what contains others before them
};

struct Timeline {
  std::vector<TimelineLine> lines;  // by id
  std::vector<std::string_view> names;
  std::deque<std::string> run_names;  // what the names of runs point into
};

// TensorFlow does not say which thread of its pool executed an op: those ops lie on as many lines
// as there were at once, and on the last one what is beyond.
constexpr size_t kMaxPoolLines = 64;

// Each run is an event "SessionRun MODEL/VERSION" of the thread that waited for it, and the ops
// that this thread executed lie within. OWNERSHIP: names of ops point into `runs`.
Timeline LayOut(const std::vector<RunProfile>& runs);
Timeline LayOut(std::vector<RunProfile>&& runs) = delete;  // its names would dangle

}  // namespace tensorgate
