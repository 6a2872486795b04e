// AccessLines: the lines of the access log about requests that a transport has answered by itself,
// until JavaScript takes them: those of src/log/access-log.ts. Belongs to the transport's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "codec/output_buffer.h"
#include "codec/proto/predict_proto.h"
#include "random/random_numbers.h"

namespace tensorgate {

// What a line says. An empty text stands for null. REQUIRES: all of it is UTF-8.
struct AccessLine {
  std::string_view protocol;
  std::string_view method;
  std::string_view status;
  std::string_view path;
  ModelSpecView asked;
  std::chrono::nanoseconds took{};
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  std::string_view peer;
  std::string_view request_id;
  std::string_view principal;
};

class AccessLines {
 public:
  // They are taken a few times a second: half a second's of a busy server.
  static constexpr size_t kMostBytes = 8 << 20;

  // `sample`: the share of the requests that are not slow, 0 to 1; `slow`: from there on they are;
  // 0: none is.
  AccessLines(double sample, std::chrono::milliseconds slow);

  // Whether there is to be a line about a request that was answered after so long.
  bool Wants(std::chrono::nanoseconds took);
  // About a request that ends now. Where there is no room, it is counted instead.
  void Add(const AccessLine& line);
  // All of them.
  OutputBuffer Take();
  // Those without room since the last call.
  uint64_t TakeLeftOut();

 private:
  void AppendTime();

  const double sample_;
  const std::chrono::nanoseconds slow_;
  RandomNumbers random_;
  OutputBuffer text_;
  uint64_t left_out_ = 0;
  time_t second_ = -1;
  std::string second_text_;
};

}  // namespace tensorgate
