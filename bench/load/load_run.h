// One run of load: the connections, the epoll loop that serves them, and when requests begin.
// Closed loop: each connection always has as many requests in flight as it may. Open loop:
// requests are due at Poisson-distributed times whatever the server does; one that finds no room
// waits in line, and its waiting counts (no coordinated omission).
#pragma once

#include <csignal>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "connection.h"
#include "http2_connection.h"
#include "options.h"
#include "recorder.h"

namespace tensorgate::load {

class LoadRun {
 public:
  // OWNERSHIP: borrows `options` for its own lifetime.
  explicit LoadRun(const Options* options);
  ~LoadRun();

  // Blocks for warm-up and measured time. ERRORS: false, with a reason, when the server cannot be
  // reached, or drops connections without ever answering.
  bool Run(std::string* error);

  // The measured time is over at the loop's next turn, which comes within a second. To be called
  // from signal handlers, too.
  void End() { ended_ = 1; }

  const Recorder& recorder() const { return recorder_; }

 private:
  struct Slot {
    std::unique_ptr<Connection> connection;
    bool watches_write = false;
  };

  bool Open(size_t index, std::string* error);
  bool Reopen(size_t index, const char* reason, std::string* error);
  bool Serve(size_t index, uint32_t events, std::string* error);
  bool Settle(size_t index, std::string* error);
  bool Send(size_t index, std::string* error);
  void FillClosed(Connection* connection);
  void FillOpen(Connection* connection);
  bool Arrive(int64_t now, std::string* error);
  void ArmTimer();
  bool Wait(int64_t until, std::string* error);
  bool Drain(std::string* error);

  const Options& options_;
  const int64_t begin_;
  int64_t end_;
  Recorder recorder_;
  const std::string http1_request_;
  const Http2Request http2_request_;

  int epoll_ = -1;
  int timer_ = -1;
  std::vector<Slot> slots_;
  int lost_connections_ = 0;
  volatile sig_atomic_t ended_ = 0;
  bool stopping_ = false;  // no request begins any more, apart from those in line

  // Open loop only.
  std::mt19937_64 random_;
  std::exponential_distribution<double> gap_;  // UNITS: nanoseconds
  int64_t next_arrival_ = 0;
  int64_t armed_for_ = 0;
  std::deque<int64_t> line_;  // due times of requests that found no room
  size_t next_slot_ = 0;
};

}  // namespace tensorgate::load
