// ProfiledRun: has TensorFlow time the ops of one run, for the profile that is open. THREAD: the
// one that makes the run.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "profile/profile_session.h"
#include "tf/handles.h"

namespace tensorgate {

class ProfiledRun {
 public:
  // `run_options`: those of the run; null: TensorFlow's defaults.
  ProfiledRun(std::shared_ptr<ProfileSession> session, const TF_Buffer* run_options);

  // What to run with.
  const TF_Buffer* run_options() const { return run_options_.get(); }
  TF_Buffer* run_metadata() const { return run_metadata_.get(); }

  // The run is over, as well as it went: one that failed has no ops. To be called once.
  void End(const std::string& model, int64_t version, bool in_caller_thread);

 private:
  const std::shared_ptr<ProfileSession> session_;
  BufferHandle run_options_;
  BufferHandle run_metadata_;
  int64_t start_nanos_;
};

}  // namespace tensorgate
