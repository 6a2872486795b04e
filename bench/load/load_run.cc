#include "load_run.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cstring>

#include "clock.h"
#include "http1_connection.h"

namespace tensorgate::load {
namespace {

constexpr uint64_t kTimerTag = ~uint64_t{0};
// An open loop waits so long for the last replies.
constexpr int64_t kDrainNanos = 5 * kNanosPerSecond;
// After so many lost connections without one good reply, something is wrong for good.
constexpr int kPatience = 50;

int64_t Nanos(double seconds) { return static_cast<int64_t>(seconds * kNanosPerSecond); }

}  // namespace

LoadRun::LoadRun(const Options* options)
    : options_(*options),
      begin_(NowNanos()),
      end_(begin_ + Nanos(options->warmup) + Nanos(options->seconds)),
      recorder_(begin_ + Nanos(options->warmup), end_,
                options->rate > 0 ? Recorder::Select::kByStart : Recorder::Select::kByEnd),
      http1_request_(BuildHttp1Request(*options)),
      http2_request_(*options),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      slots_(options->connections),
      random_(options->seed),
      gap_(options->rate > 0 ? options->rate / kNanosPerSecond : 1.0) {}

LoadRun::~LoadRun() {
  slots_.clear();
  if (timer_ >= 0) close(timer_);
  close(epoll_);
}

bool LoadRun::Open(size_t index, std::string* error) {
  const int fd = Connect(options_.address);
  if (fd < 0) {
    *error = std::string("cannot connect: ") + std::strerror(errno);
    return false;
  }
  Slot& slot = slots_[index];
  if (options_.protocol == Protocol::kHttp1) {
    slot.connection = std::make_unique<Http1Connection>(fd, &options_, &recorder_, &http1_request_);
  } else {
    slot.connection = std::make_unique<Http2Connection>(fd, &options_, &recorder_, &http2_request_);
  }
  slot.watches_write = false;
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = index;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  return Settle(index, error);
}

bool LoadRun::Reopen(size_t index, const char* reason, std::string* error) {
  Connection* connection = slots_[index].connection.get();
  connection->Abandon(reason);
  if (recorder_.good_ever() == 0 && ++lost_connections_ >= kPatience) {
    *error = "the server drops connections without an answer";
    return false;
  }
  slots_[index].connection.reset();  // closing takes it out of epoll
  return stopping_ || Open(index, error);
}

bool LoadRun::Serve(size_t index, uint32_t events, std::string* error) {
  Connection* connection = slots_[index].connection.get();
  if (connection == nullptr) return true;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !connection->OnReadable()) {
    return Reopen(index, "a lost connection", error);
  }
  return Settle(index, error);
}

// Begins what may begin on a connection and sends it.
bool LoadRun::Settle(size_t index, std::string* error) {
  Connection* connection = slots_[index].connection.get();
  if (connection->Draining() && connection->Active() == 0) {
    return Reopen(index, "a closed connection", error);
  }
  if (options_.rate > 0) {
    FillOpen(connection);
  } else if (!stopping_) {
    FillClosed(connection);
  }
  return Send(index, error);
}

// Sends what the socket takes, and watches for room where bytes are left.
bool LoadRun::Send(size_t index, std::string* error) {
  Slot& slot = slots_[index];
  Connection* connection = slot.connection.get();
  if (!connection->Flush()) return Reopen(index, "a failed write", error);
  if (connection->WantsWrite() != slot.watches_write) {
    slot.watches_write = !slot.watches_write;
    epoll_event event = {};
    event.events = slot.watches_write ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = index;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->fd(), &event);
  }
  return true;
}

void LoadRun::FillClosed(Connection* connection) {
  for (int room = connection->Room(); room > 0; room = connection->Room()) {
    connection->Begin(NowNanos());
  }
}

void LoadRun::FillOpen(Connection* connection) {
  while (!line_.empty() && connection->Room() > 0) {
    connection->Begin(line_.front());
    line_.pop_front();
  }
}

// Puts in line what has come due, and hands it to connections with room, in turn.
bool LoadRun::Arrive(int64_t now, std::string* error) {
  while (next_arrival_ <= now && next_arrival_ < end_) {
    recorder_.CountArrival(next_arrival_);
    line_.push_back(next_arrival_);
    next_arrival_ += std::max<int64_t>(1, static_cast<int64_t>(gap_(random_)));
  }
  size_t full = 0;  // connections without room, in a row
  while (!line_.empty() && full < slots_.size()) {
    const size_t index = next_slot_;
    next_slot_ = (next_slot_ + 1) % slots_.size();
    Connection* connection = slots_[index].connection.get();
    if (connection == nullptr || connection->Room() == 0) {
      full++;
      continue;
    }
    full = 0;
    connection->Begin(line_.front());
    line_.pop_front();
    if (!Send(index, error)) return false;
  }
  return true;
}

void LoadRun::ArmTimer() {
  if (armed_for_ == next_arrival_) return;
  armed_for_ = next_arrival_;
  itimerspec due = {};
  due.it_value.tv_sec = next_arrival_ / kNanosPerSecond;
  due.it_value.tv_nsec = next_arrival_ % kNanosPerSecond;
  timerfd_settime(timer_, TFD_TIMER_ABSTIME, &due, nullptr);
}

// One turn of the loop, no longer than `until`.
bool LoadRun::Wait(int64_t until, std::string* error) {
  epoll_event events[256];
  const int64_t left = std::max<int64_t>(0, until - NowNanos());
  const int timeout_ms = static_cast<int>(std::min<int64_t>(1000, left / 1000000 + 1));
  const int count = epoll_wait(epoll_, events, 256, timeout_ms);
  for (int i = 0; i < count; i++) {
    if (events[i].data.u64 == kTimerTag) {
      uint64_t expirations;
      if (read(timer_, &expirations, sizeof(expirations)) < 0) continue;  // already re-armed
    } else if (!Serve(static_cast<size_t>(events[i].data.u64), events[i].events, error)) {
      return false;
    }
  }
  return true;
}

// Open loop: every request that came due gets its chance to finish.
bool LoadRun::Drain(std::string* error) {
  stopping_ = true;
  const int64_t until = NowNanos() + kDrainNanos;
  const auto busy = [this] {
    return !line_.empty() || std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
      return slot.connection != nullptr && slot.connection->Active() > 0;
    });
  };
  while (busy() && NowNanos() < until) {
    if (!Wait(until, error)) return false;
  }
  return true;
}

bool LoadRun::Run(std::string* error) {
  for (size_t i = 0; i < slots_.size(); i++) {
    if (!Open(i, error)) return false;
  }
  const bool open_loop = options_.rate > 0;
  if (open_loop) {
    timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = kTimerTag;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
    next_arrival_ = NowNanos();
  }
  for (int64_t now = NowNanos(); now < end_; now = NowNanos()) {
    if (ended_ != 0) {
      end_ = now;
      recorder_.End(now);
      break;
    }
    if (open_loop) {
      if (!Arrive(now, error)) return false;
      ArmTimer();
    }
    if (!Wait(end_, error)) return false;
  }
  return !open_loop || Drain(error);
}

}  // namespace tensorgate::load
