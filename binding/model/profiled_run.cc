#include "model/profiled_run.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "profile/step_stats.h"

namespace tensorgate {
namespace {

// Serialized tensorflow.RunOptions { trace_level: SOFTWARE_TRACE } (field 1, a varint): merged with
// what stands before it. Levels above would start TensorFlow's process-wide profiler for each run,
// of which there may be one at a time, to add nothing on CPUs.
constexpr std::string_view kSoftwareTrace("\x08\x01", 2);

constexpr size_t kThreadNameBytes = 16;  // of Linux

BufferHandle WithTrace(const TF_Buffer* options) {
  std::string bytes;
  if (options != nullptr) bytes.assign(static_cast<const char*>(options->data), options->length);
  bytes.append(kSoftwareTrace);
  return BufferHandle(TF_NewBufferFromString(bytes.data(), bytes.size()));
}

}  // namespace

ProfiledRun::ProfiledRun(std::shared_ptr<ProfileSession> session, const TF_Buffer* run_options)
    : session_(std::move(session)),
      run_options_(WithTrace(run_options)),
      run_metadata_(TF_NewBuffer()),
      start_nanos_(UnixNanos()) {}

void ProfiledRun::End(const std::string& model, int64_t version, bool in_caller_thread) {
  RunProfile run;
  run.end_nanos = UnixNanos();
  run.start_nanos = start_nanos_;
  run.model = model;
  run.version = version;
  run.in_caller_thread = in_caller_thread;
  char name[kThreadNameBytes] = "";
  pthread_getname_np(pthread_self(), name, sizeof(name));
  run.thread_name = name;
  run.thread = static_cast<int32_t>(syscall(SYS_gettid));
  // What TensorFlow wrote itself is well-formed.
  ReadStepStats({static_cast<const char*>(run_metadata_->data), run_metadata_->length}, &run);
  session_->Add(std::move(run));
}

}  // namespace tensorgate
