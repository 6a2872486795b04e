#include "napi/profile_binding.h"

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/reply.h"
#include "profile/profiler.h"
#include "profile/xspace.h"

namespace tensorgate {
namespace {

// What JavaScript holds a session by: with it the session ends, also where an environment does.
using ProfileHandle = std::shared_ptr<ProfileSession>;

constexpr size_t kHostNameBytes = 256;

// {id, model, ops, bytes}
bool ReadProfileOptions(const Napi::Object& given, ProfileSession::Options* options) {
  int64_t ops, bytes;
  if (!ReadString(given, "id", &options->id) || !ReadString(given, "model", &options->model) ||
      !ReadInteger(given, "ops", &ops) || !ReadInteger(given, "bytes", &bytes)) {
    return false;
  }
  options->max_ops = static_cast<size_t>(ops);
  options->max_bytes = static_cast<size_t>(bytes);
  return true;
}

// openProfile({id, model, ops, bytes}): the profile; null where another one is open.
Napi::Value OpenProfile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ProfileSession::Options options;
  if (!info[0].IsObject()) {
    ThrowTypeError(env, "options must be an object");
    return env.Undefined();
  }
  if (!ReadProfileOptions(info[0].As<Napi::Object>(), &options)) return env.Undefined();
  ProfileHandle session = Profiler::Process().Open(std::move(options));
  if (session == nullptr) return env.Null();
  return Napi::External<ProfileHandle>::New(env, new ProfileHandle(std::move(session)),
                                            [](Napi::Env, ProfileHandle* held) { delete held; });
}

// Null with a pending TypeError when the argument is no profile.
ProfileHandle ReadProfile(const Napi::CallbackInfo& info, size_t index) {
  if (info[index].IsExternal()) return *info[index].As<Napi::External<ProfileHandle>>().Data();
  ThrowTypeError(info.Env(), "profile must be one that openProfile gave");
  return nullptr;
}

// isTerminated(profile)
Napi::Value IsTerminated(const Napi::CallbackInfo& info) {
  const ProfileHandle session = ReadProfile(info, 0);
  if (session == nullptr) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), session->is_terminated());
}

// terminateProfile(id): whether the open one is of that id.
Napi::Value TerminateProfile(const Napi::CallbackInfo& info) {
  std::string id;
  if (!ReadText(info, 0, &id)) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), Profiler::Process().Terminate(id));
}

class DropProfileJob : public Job {
 public:
  explicit DropProfileJob(ProfileHandle session) : session_(std::move(session)) {}
  void Run(std::unique_ptr<Job> /*self*/) override { session_->Take(); }

 private:
  const ProfileHandle session_;
};

// endProfile(profile): it takes no more, and what it has that was not written is freed: elsewhere,
// since it may be a million pieces.
void EndProfile(const Napi::CallbackInfo& info) {
  ProfileHandle session = ReadProfile(info, 0);
  if (session == nullptr) return;
  session->End();
  Process::Get().decodes.PostAlways(std::make_unique<DropProfileJob>(std::move(session)));
}

class WriteProfileJob : public AsyncJob {
 public:
  WriteProfileJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue, ProfileHandle session)
      : AsyncJob(slot, std::move(queue)), session_(std::move(session)) {}

  // {xspace, runs, ops, leftOut}
  napi_value TakeValue(napi_env raw_env) override {
    const Napi::Env env(raw_env);
    const auto number = [&](uint64_t count) {
      return Napi::Number::New(env, static_cast<double>(count));
    };
    Napi::Object value = Napi::Object::New(env);
    value.Set("xspace", Napi::Value(env, ReplyValue(env, &xspace_, /*is_text=*/false)));
    value.Set("runs", number(runs_));
    value.Set("ops", number(ops_));
    value.Set("leftOut", number(left_out_));
    return value;
  }

 protected:
  Status Execute() override {
    const Profile profile = session_->Take();
    runs_ = profile.runs.size();
    ops_ = profile.ops;
    left_out_ = profile.left_out;
    char host[kHostNameBytes] = "";
    gethostname(host, sizeof(host) - 1);
    WriteXSpace(profile, host, &xspace_);
    return Status();
  }

  void DropWork() override { session_.reset(); }

 private:
  ProfileHandle session_;
  OutputBuffer xspace_;
  size_t runs_ = 0;
  uint64_t ops_ = 0;
  uint64_t left_out_ = 0;
};

// writeProfile(slot, profile): ends it. On the pool that decodes, since it may take as long as a
// large body, and neither a load nor a run is to be waited for. To be called once for a profile.
void WriteProfile(const Napi::CallbackInfo& info) {
  uint32_t slot;
  if (!ReadSlot(info, &slot)) return;
  ProfileHandle session = ReadProfile(info, 1);
  if (session == nullptr) return;
  session->End();
  Environment& environment = Environment::From(info.Env());
  environment.Submit(
      &Process::Get().decodes,
      std::make_unique<WriteProfileJob>(slot, environment.completions(), std::move(session)));
  Process::Get().decodes.Wake();
}

}  // namespace

void ExportProfile(Napi::Env env, Napi::Object exports) {
  exports.Set("openProfile", Napi::Function::New(env, OpenProfile, "openProfile"));
  exports.Set("isTerminated", Napi::Function::New(env, IsTerminated, "isTerminated"));
  exports.Set("terminateProfile", Napi::Function::New(env, TerminateProfile, "terminateProfile"));
  exports.Set("endProfile", Napi::Function::New(env, EndProfile, "endProfile"));
  exports.Set("writeProfile", Napi::Function::New(env, WriteProfile, "writeProfile"));
}

}  // namespace tensorgate
