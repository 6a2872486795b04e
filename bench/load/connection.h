// One connection of the load generator, whatever it speaks. Single-threaded: every method is
// called from the loop of LoadRun.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <memory>

#include "options.h"
#include "recorder.h"

namespace tensorgate::load {

class Connection {
 public:
  // OWNERSHIP: takes the socket; borrows the others, which must outlive the connection.
  Connection(int fd, const Options* options, Recorder* recorder)
      : fd_(fd), options_(*options), recorder_(*recorder) {}
  virtual ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }

  // Requests on their way.
  virtual int Active() const = 0;

  // How many requests may begin now.
  virtual int Room() const = 0;

  // Queues a request whose latency counts from `start`; Flush() sends it. REQUIRES: Room() > 0.
  virtual void Begin(int64_t start) = 0;

  // Sends what the socket takes. False: the connection is of no more use, call Abandon().
  virtual bool Flush() = 0;

  // Bytes are waiting for the socket to take them.
  virtual bool WantsWrite() const = 0;

  // Reads what has arrived and records the requests that it finishes. False as in Flush().
  virtual bool OnReadable() = 0;

  // The server will take no more requests here, but may still answer those on their way.
  virtual bool Draining() const { return false; }

  // Records every request on its way as failed.
  virtual void Abandon(const char* reason) = 0;

 protected:
  const int fd_;
  const Options& options_;
  Recorder& recorder_;
};

}  // namespace tensorgate::load
