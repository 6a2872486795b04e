#include "profile/profiler.h"

#include <utility>

namespace tensorgate {

std::atomic<bool> Profiler::is_on_{false};

Profiler& Profiler::Process() {
  static Profiler* const profiler = new Profiler();  // worker threads may outlive main()
  return *profiler;
}

std::shared_ptr<ProfileSession> Profiler::Open(ProfileSession::Options options) {
  MutexLock lock(&mutex_);
  const std::shared_ptr<ProfileSession> open = open_.lock();
  if (open != nullptr && !open->has_ended()) return nullptr;
  auto session = std::make_shared<ProfileSession>(std::move(options));
  open_ = session;
  is_on_.store(true, std::memory_order_relaxed);
  return session;
}

std::shared_ptr<ProfileSession> Profiler::SessionFor(std::string_view model) {
  std::shared_ptr<ProfileSession> session;
  {
    MutexLock lock(&mutex_);
    session = open_.lock();
    if (session == nullptr || session->has_ended()) {
      is_on_.store(false, std::memory_order_relaxed);
      return nullptr;
    }
  }
  return session->Wants(model) ? session : nullptr;
}

bool Profiler::Terminate(std::string_view id) {
  MutexLock lock(&mutex_);
  const std::shared_ptr<ProfileSession> open = open_.lock();
  if (open == nullptr || open->has_ended() || open->id() != id) return false;
  open->Terminate();
  return true;
}

}  // namespace tensorgate
