// Socket: a client's connection, whatever its protocol: its bytes in and out. They are those of a
// libuv stream, or, with TLS, of a socket of JavaScript's, which is then "lent". What the bytes
// mean is for the class that is derived from it. THREAD: that of its event loop.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "net/send_queue.h"
#include "net/uv.h"

namespace tensorgate {

class Socket;

class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  // When this turn of the loop began, by a clock that only goes on.
  virtual uint64_t NowMillis() const = 0;
  // Where bytes are read into, by one socket after the other.
  virtual uv_buf_t ReadBuffer() = 0;
  // There is something to send, or to end: Flush() is to be called soon.
  virtual void OnSocketDirty(Socket* socket) = 0;
  // For sockets of JavaScript's. OWNERSHIP: the bytes are read before the call returns.
  virtual void OnLentOutput(Socket* socket, const SendQueue& bytes) = 0;
  virtual void OnLentReading(Socket* socket, bool reads) = 0;
  virtual void OnLentShutDown(Socket* socket) = 0;
  // OWNERSHIP: the owner deletes it with DeleteLent(), once none of its functions runs.
  virtual void OnLentClose(Socket* socket) = 0;
  // It is closed; one of a libuv stream deletes itself.
  virtual void OnSocketClosed(Socket* socket) = 0;
  virtual void OnSocketFreed() = 0;  // of a libuv stream, after it
};

class Socket {
 public:
  // `stream` is accepted already and belongs to the socket from here on; null: lent by JavaScript,
  // which knows it by `lent_id`.
  Socket(SocketOwner* owner, uv_handle_t* stream, uint32_t lent_id);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // Begins to read. False: it failed; the socket is closing.
  bool Start();

  // Lent sockets: what came, that the client sends no more, and that the last output is written.
  void Receive(std::string_view bytes);
  void End();
  void Written();

  // Sends what there is; closes when the connection is over.
  void Flush();
  // Looks after ages and timeouts; to be called now and then.
  void Tick();
  // Nothing new is to be begun; what is under way is finished, and the connection then closed.
  virtual void Drain() = 0;
  void Close();
  static void DeleteLent(Socket* socket) { delete socket; }

  uint32_t lent_id() const { return lent_id_; }
  // Its client's IP address and port, as `1.2.3.4:5` or `[::1]:5`; empty where it has none, as over
  // a Unix socket. A client over IPv4 on a socket that takes both has an address of IPv4.
  const std::string& Peer();
  bool is_closing() const { return closing_; }

  // Of lent sockets, since JavaScript alone knows.
  void set_peer(std::string peer) { peer_ = std::move(peer); }

  // Who the client is by its certificate, as the owner knows it; empty: there is none.
  std::string identity;
  // What its last request has shown, and the SHA-256 of that: most requests of a connection show
  // the same.
  std::string credential;
  std::array<uint8_t, 32> credential_digest{};

  // The owner's list, and whether it is among those to be flushed.
  Socket* next = nullptr;
  Socket* previous = nullptr;
  bool is_dirty = false;

 protected:
  virtual ~Socket();

  // What came from the client. False: the connection is over, once what Fill() still gives is sent.
  virtual bool OnBytes(std::string_view bytes) = 0;
  // The client sends no more, but may read.
  virtual void OnEnd() = 0;
  // Appends what is to be sent, about `most` bytes at most. False: as OnBytes.
  virtual bool Fill(SendQueue* out, size_t most) = 0;
  // All that there was is sent.
  virtual void OnFlushed() {}
  // Nothing more will come of it.
  virtual bool IsOver() const = 0;
  // May close it.
  virtual void OnTick(uint64_t now) = 0;
  // Whether it waits for nothing but requests, so that memory for answers may go.
  virtual bool IsIdle() const = 0;
  // Whether there is output that the client does not take.
  virtual bool HasOutput() const = 0;
  // The last that it hears: whatever is under way ends here.
  virtual void OnClosing() = 0;

  SocketOwner* owner() const { return owner_; }
  uint64_t NowMillis() const { return owner_->NowMillis(); }
  bool is_lent() const { return stream_ == nullptr; }
  uint64_t opened_at() const { return opened_at_; }
  uint64_t received_at() const { return received_at_; }  // when something last came

  // Where more would have to be kept: the client waits then.
  void SetReading(bool reads);
  // Whether something has come that is not read yet: a busy event loop looks at its clocks before
  // its sockets. Of lent sockets it is not known.
  bool HasUnread() const;
  // Tells the client that nothing follows what is sent.
  void ShutDown();

 private:
  static void OnAlloc(uv_handle_t*, size_t, uv_buf_t*);
  static void OnRead(uv_handle_t*, ssize_t, const uv_buf_t*);
  static void OnWritten(uv_req_t*, int);
  void Write();

  SocketOwner* const owner_;
  uv_handle_t* stream_;
  const uint32_t lent_id_;
  std::string peer_;  // once it was asked for
  uv_req_t* write_request_ = nullptr;
  SendQueue out_;
  size_t handed_bytes_ = 0;  // of it, to libuv
  bool writing_ = false;
  bool closing_ = false;
  bool reads_ = true;
  bool is_shut_ = false;
  const uint64_t opened_at_;
  uint64_t received_at_;
  uint64_t progress_at_;  // when output last went, or there was none
};

}  // namespace tensorgate
