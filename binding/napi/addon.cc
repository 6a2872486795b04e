// The addon's entry: what JavaScript can call. Loaded once per environment, so it keeps no state
// outside Environment and Process.
#include <napi.h>

#include <chrono>
#include <mutex>

#include "cache/kept_outputs.h"
#include "model/run_pace.h"
#include "model/servable.h"
#include "napi/access_binding.h"
#include "napi/arguments.h"
#include "napi/batch_binding.h"
#include "napi/cache_binding.h"
#include "napi/environment.h"
#include "napi/grpc_binding.h"
#include "napi/http_binding.h"
#include "napi/inference_binding.h"
#include "napi/library_binding.h"
#include "napi/logging_binding.h"
#include "napi/memory_binding.h"
#include "napi/model_binding.h"
#include "napi/openvino_binding.h"
#include "napi/poll_cleanup_hook.h"
#include "napi/process.h"
#include "napi/profile_binding.h"
#include "napi/shadow_binding.h"
#include "napi/statistics_binding.h"
#include "napi/table_binding.h"
#include "napi/tensor_binding.h"
#include "napi/tensor_memory.h"
#include "napi/tensor_set_binding.h"
#include "napi/tensor_sets.h"
#include "napi/tracing_binding.h"
#include "napi/transport_binding.h"
#include "pool/allocator.h"
#include "pool/jobs_at_exit.h"
#include "pool/library_pages.h"
#include "tensorflow/c/c_api.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

// configure(runThreads, runQueueCapacity, loadThreads, inlineRunMicros): the first call in the
// process decides.
void Configure(const Napi::CallbackInfo& info) {
  uint32_t run_threads, capacity, load_threads, inline_micros;
  if (!ReadUint32(info, 0, "runThreads", &run_threads) ||
      !ReadUint32(info, 1, "runQueueCapacity", &capacity) ||
      !ReadUint32(info, 2, "loadThreads", &load_threads) ||
      !ReadUint32(info, 3, "inlineRunMicros", &inline_micros)) {
    return;
  }
  TuneAllocator();
  static std::once_flag is_started;
  std::call_once(is_started, &ReleaseLibraryPages);
  RunPace::SetLimit(std::chrono::microseconds(inline_micros));
  Process::Get(PoolSizes{run_threads, capacity, load_threads});
}

// onCompletions(deliver): once per environment, before any call that takes a slot.
void OnCompletions(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::From(info.Env());
  if (!info[0].IsFunction() || environment.is_open()) {
    ThrowTypeError(info.Env(), "onCompletions takes a function, once per environment");
    return;
  }
  environment.Open(info[0].As<Napi::Function>());
}

// startRuns(): starts the runs that were submitted since the last call. Once per turn of the event
// loop: a wake-up per request would let the run pool's threads interrupt the loop at each of them.
// Returns what `deliver` is to be called with, or undefined.
Napi::Value StartRuns(const Napi::CallbackInfo& info) {
  return Napi::Value(info.Env(), Environment::From(info.Env()).StartRuns(info.Env()));
}

// leaveJobsAtExit(): at process.exit() no cleanup hook of the main environment is called.
void LeaveJobs(const Napi::CallbackInfo& /*info*/) {
  Process& process = Process::Get();
  LeaveJobsAtExit({&process.loads, &process.runs});
}

// counters(): what is alive in the process; all zero when everything is unloaded and collected.
Napi::Value Counters(const Napi::CallbackInfo& info) {
  Napi::Object counters = Napi::Object::New(info.Env());
  const auto set = [&](const char* name, int64_t value) {
    counters.Set(name, Napi::Number::New(info.Env(), static_cast<double>(value)));
  };
  set("models", Servable::LiveCount());
  set("inputTensors", LiveInputTensors());
  set("arrayBuffers", LiveArrayBuffers());
  Environment& environment = Environment::From(info.Env());
  set("pendingCalls",
      environment.is_open() ? static_cast<int64_t>(environment.completions()->pending()) : 0);
  set("keptAnswers", KeptOutputs::LiveCount());
  set("pendingTasks", static_cast<int64_t>(environment.tasks()->size()));
  set("tensorSets", static_cast<int64_t>(TensorSets::Get().size()));
  return counters;
}

Napi::Value TensorflowVersion(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), TF_Version());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment());
  exports.Set("configure", Napi::Function::New(env, Configure, "configure"));
  exports.Set("onCompletions", Napi::Function::New(env, OnCompletions, "onCompletions"));
  exports.Set("leaveJobsAtExit", Napi::Function::New(env, LeaveJobs, "leaveJobsAtExit"));
  exports.Set("startRuns", Napi::Function::New(env, StartRuns, "startRuns"));
  exports.Set("counters", Napi::Function::New(env, Counters, "counters"));
  exports.Set("decodeOnLoopBytes", Napi::Number::New(env, kDecodeOnLoopBytes));
  exports.Set("tensorflowVersion",
              Napi::Function::New(env, TensorflowVersion, "tensorflowVersion"));
  ExportLibrary(env, exports);
  ExportLogging(env, exports);
  ExportModel(env, exports);
  ExportMemory(env, exports);
  ExportInference(env, exports);
  ExportBatch(env, exports);
  ExportCache(env, exports);
  ExportOpenVino(env, exports);
  ExportProfile(env, exports);
  ExportShadow(env, exports);
  ExportTensor(env, exports);
  ExportStatistics(env, exports);
  ExportGrpc(env, exports);
  ExportHttp(env, exports);
  ExportAccess(env, exports);
  ExportTracing(env, exports);
  ExportTable(env, exports);
  ExportTensorSets(env, exports);
  ExportTransport(env, exports);
  ExportPollCleanupHook(env, exports);
  return exports;
}

}  // namespace
}  // namespace tensorgate

Napi::Object InitAddon(Napi::Env env, Napi::Object exports) {
  return tensorgate::Init(env, exports);
}
NODE_API_MODULE(tensorgate, InitAddon)
