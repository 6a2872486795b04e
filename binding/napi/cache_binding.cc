#include "napi/cache_binding.h"

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cache/response_caches.h"
#include "model/servable.h"
#include "napi/arguments.h"
#include "napi/process.h"

namespace tensorgate {
namespace {

// {name, maxBytes, ttlMillis, key}
bool ReadModelCache(const Napi::Object& given, std::map<std::string, CacheSettings>* of_models) {
  std::string name;
  CacheSettings settings;
  int64_t max_bytes, ttl;
  if (!ReadString(given, "name", &name) || !ReadInteger(given, "maxBytes", &max_bytes) ||
      !ReadInteger(given, "ttlMillis", &ttl) || !ReadStrings(given, "key", &settings.key)) {
    return false;
  }
  if (max_bytes < 0 || ttl < 0) {
    return ThrowTypeError(given.Env(), "maxBytes and ttlMillis must not be below 0");
  }
  settings.max_bytes = static_cast<size_t>(max_bytes);
  settings.ttl = std::chrono::milliseconds(ttl);
  (*of_models)[std::move(name)] = std::move(settings);
  return true;
}

// configureCaches(models): of the process; other models have no cache from now on.
void ConfigureCaches(const Napi::CallbackInfo& info) {
  if (!info[0].IsArray()) {
    ThrowTypeError(info.Env(), "configureCaches takes a list");
    return;
  }
  const Napi::Array models = info[0].As<Napi::Array>();
  std::map<std::string, CacheSettings> of_models;
  for (uint32_t i = 0; i < models.Length(); ++i) {
    const Napi::Value model = models.Get(i);
    if (!model.IsObject()) {
      ThrowTypeError(info.Env(), "a model must be an object");
      return;
    }
    if (!ReadModelCache(model.As<Napi::Object>(), &of_models)) return;
  }
  ResponseCaches::Process().Configure(std::move(of_models));
}

// cacheCounts(): [name, version, hits, shared, misses, refreshed, evictions, entries, bytes, …] of
// each loaded version that has a cache, or had one.
Napi::Value CacheCounts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array all = Napi::Array::New(env);
  uint32_t length = 0;
  for (const ResponseCache::Counts& counts : ResponseCaches::Process().Read()) {
    all.Set(length++, Napi::String::New(env, counts.name));
    all.Set(length++, Napi::String::New(env, std::to_string(counts.version)));
    for (const uint64_t count : {counts.hits, counts.shared, counts.misses, counts.refreshed,
                                 counts.evictions, counts.entries, counts.bytes}) {
      all.Set(length++, Napi::Number::New(env, static_cast<double>(count)));
    }
  }
  return all;
}

// Why answers of the signature are not kept; empty: they are.
std::string RefusalOf(const Signature& signature, const CacheSettings& settings) {
  if (!signature.not_repeatable.empty()) return signature.not_repeatable;
  for (const std::string& name : settings.key) {
    bool is_input = false;
    for (const TensorInfo& input : signature.def.inputs) is_input |= input.alias == name;
    if (!is_input) return "key has " + Quoted(name) + ", which is no input of it";
  }
  return "";
}

// cacheRefusals(id): [signature, why, …]: what of a model with a cache is not kept, whose requests
// could be answered.
Napi::Value CacheRefusals(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t id;
  if (!ReadUint32(info, 0, "id", &id)) return env.Undefined();
  // Null while it is being unloaded.
  const std::shared_ptr<const Servable> model = Process::Get().registry.Find(id);
  Napi::Array refusals = Napi::Array::New(env);
  const CacheSettings* const settings = model == nullptr ? nullptr : model->cache().settings();
  if (settings == nullptr) return refusals;
  uint32_t length = 0;
  for (const Signature& signature : model->signatures()) {
    const std::string refusal = signature.has_outputs() ? RefusalOf(signature, *settings) : "";
    if (refusal.empty()) continue;
    refusals.Set(length++, Napi::String::New(env, signature.def.name));
    refusals.Set(length++, Napi::String::New(env, refusal));
  }
  return refusals;
}

}  // namespace

void ExportCache(Napi::Env env, Napi::Object exports) {
  exports.Set("configureCaches", Napi::Function::New(env, ConfigureCaches, "configureCaches"));
  exports.Set("cacheCounts", Napi::Function::New(env, CacheCounts, "cacheCounts"));
  exports.Set("cacheRefusals", Napi::Function::New(env, CacheRefusals, "cacheRefusals"));
}

}  // namespace tensorgate
