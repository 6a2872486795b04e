#include "napi/plan_value.h"

#include <string>

#include "napi/arguments.h"
#include "napi/process.h"
#include "openvino/core.h"

namespace tensorgate {
namespace {

bool ReadKind(Napi::Env env, const std::string& name, PlanKind* kind) {
  for (PlanKind each :
       {PlanKind::kAsSaved, PlanKind::kFrozen, PlanKind::kFrozenXla, PlanKind::kOpenVino}) {
    *kind = each;
    if (name == PlanName(each)) return true;
  }
  return ThrowTypeError(env, "there is no plan of that name");
}

Napi::Object ChoiceValue(Napi::Env env, const PlanChoice& choice) {
  Napi::Object value = Napi::Object::New(env);
  value.Set("plan", Napi::String::New(env, PlanName(choice.kind)));
  value.Set("callerThread", Napi::Boolean::New(env, choice.in_caller_thread));
  return value;
}

// {library, precision, cacheDir, wanted, cpus}, or null.
bool ReadOpenVino(Napi::Env env, const Napi::Value& given, PlanOptions* options) {
  if (given.IsNull()) return true;
  if (!given.IsObject()) return ThrowTypeError(env, "openVino must be an object or null");
  const Napi::Object object = given.As<Napi::Object>();
  OpenVinoOptions& openvino = options->openvino;
  if (!ReadString(object, "library", &openvino.library) ||
      !ReadString(object, "precision", &openvino.precision) ||
      !ReadString(object, "cacheDir", &openvino.cache_dir)) {
    return false;
  }
  uint32_t cpus = 0;
  if (napi_get_value_bool(env, object.Get("wanted"), &options->openvino.is_wanted) != napi_ok ||
      napi_get_value_uint32(env, object.Get("cpus"), &cpus) != napi_ok) {
    return ThrowTypeError(env, "openVino must have a boolean wanted and a number cpus");
  }
  // Else it is opened for the first model that it may pay for.
  const openvino::Core* core = nullptr;
  const Status status =
      options->openvino.is_wanted ? openvino::Core::Get(openvino.library, &core) : Status();
  if (!status.ok()) {
    Napi::Error::New(env, status.message()).ThrowAsJavaScriptException();
    return false;
  }
  openvino.threads = static_cast<int>(Process::Get().runs.threads());
  openvino.cpus = static_cast<int>(cpus);
  openvino.loads = &Process::Get().loads;
  return true;
}

}  // namespace

bool ReadPlanOptions(Napi::Env env, const Napi::Value& given, PlanOptions* options) {
  if (!given.IsObject()) return ThrowTypeError(env, "plan must be an object");
  const Napi::Object object = given.As<Napi::Object>();
  std::string wanted;
  if (!ReadString(object, "wanted", &wanted) || !ReadString(object, "refusal", &options->refusal)) {
    return false;
  }
  if (wanted != "auto" && !ReadKind(env, wanted, &options->wanted.emplace())) return false;
  if (napi_get_value_uint32(env, object.Get("trialMillis"), &options->trial_millis) != napi_ok ||
      napi_get_value_bool(env, object.Get("keepsNan"), &options->keeps_nan) != napi_ok ||
      napi_get_value_bool(env, object.Get("tryPool"), &options->try_pool) != napi_ok ||
      napi_get_value_bool(env, object.Get("synthetic"), &options->synthetic) != napi_ok) {
    return ThrowTypeError(
        env, "plan must have a number trialMillis, booleans tryPool, synthetic and keepsNan");
  }
  if (!ReadOpenVino(env, object.Get("openVino"), options)) return false;
  const Napi::Value known = object.Get("known");
  if (known.IsNull()) return true;
  if (!known.IsObject()) return ThrowTypeError(env, "known must be an object or null");
  const Napi::Object choice = known.As<Napi::Object>();
  std::string name;
  options->known.emplace();
  if (!ReadString(choice, "plan", &name) || !ReadKind(env, name, &options->known->kind) ||
      !ReadString(choice, "from", &options->known_from) ||
      !ReadString(choice, "graph", &options->known_graph)) {
    return false;
  }
  if (napi_get_value_bool(env, choice.Get("callerThread"), &options->known->in_caller_thread) !=
      napi_ok) {
    return ThrowTypeError(env, "known must have a boolean callerThread");
  }
  return true;
}

Napi::Value PlanValue(Napi::Env env, const PlanReport& report) {
  Napi::Object value = ChoiceValue(env, report.plan);
  value.Set("reason", Napi::String::New(env, report.reason));
  value.Set("tried", Napi::Boolean::New(env, report.tried));
  value.Set("fromCheckpoint", Napi::Boolean::New(env, report.from_checkpoint));
  value.Set("cases", Napi::Number::New(env, report.cases));
  value.Set("largestDifference", Napi::Number::New(env, report.largest_difference));
  value.Set("variables", Napi::Number::New(env, report.variables));
  value.Set("weightBytes", Napi::Number::New(env, static_cast<double>(report.weight_bytes)));
  value.Set("sharedWeights", Napi::Boolean::New(env, report.shared_weights));
  value.Set("fused", Napi::Number::New(env, report.fused));
  value.Set("graph", Napi::String::New(env, report.graph));
  value.Set("nan", Napi::String::New(env, report.nan));
  value.Set("noSharedWeights", Napi::String::New(env, report.no_shared_weights));
  value.Set("noOpenVino", Napi::String::New(env, report.no_openvino));
  value.Set("micros", Napi::Number::New(env, static_cast<double>(report.micros)));
  Napi::Array times = Napi::Array::New(env, report.times.size());
  for (size_t i = 0; i < report.times.size(); ++i) {
    Napi::Object time = ChoiceValue(env, report.times[i].plan);
    time.Set("micros", Napi::Number::New(env, static_cast<double>(report.times[i].nanos) / 1000));
    times.Set(static_cast<uint32_t>(i), time);
  }
  value.Set("times", times);
  return value;
}

}  // namespace tensorgate
