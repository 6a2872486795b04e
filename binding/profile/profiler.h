// Profiler: the one profile of the process that may be open at a time, over all of its threads.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "pool/mutex.h"
#include "profile/profile_session.h"

namespace tensorgate {

// THREAD: any.
class Profiler {
 public:
  static Profiler& Process();

  // What a run asks before anything else.
  static bool IsOn() { return is_on_.load(std::memory_order_relaxed); }

  // Null: another one is open. OWNERSHIP: the caller's; a session that nobody holds is over.
  std::shared_ptr<ProfileSession> Open(ProfileSession::Options options);

  // The session that a run of the model is to be traced for; null: none.
  std::shared_ptr<ProfileSession> SessionFor(std::string_view model);

  // Terminates the session if it is the one of that id; whether it is.
  bool Terminate(std::string_view id);

 private:
  static std::atomic<bool> is_on_;
  Mutex mutex_;
  std::weak_ptr<ProfileSession> open_ GUARDED_BY(mutex_);
};

}  // namespace tensorgate
