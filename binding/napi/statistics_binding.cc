#include "napi/statistics_binding.h"

#include <algorithm>
#include <string>

#include "runtime/run_statistics.h"

namespace tensorgate {
namespace {

// Counts are whole numbers below 2^53 for longer than any process lives.
Napi::Number NumberOf(Napi::Env env, uint64_t count) {
  return Napi::Number::New(env, static_cast<double>(count));
}

// A Float64Array: the count of each bucket, then the sum. Null while it is empty.
Napi::Value HistogramOf(Napi::Env env, const HistogramValues& values) {
  const auto& buckets = values.buckets;
  if (std::all_of(buckets.begin(), buckets.end(), [](uint64_t count) { return count == 0; })) {
    return env.Null();
  }
  Napi::Float64Array array = Napi::Float64Array::New(env, buckets.size() + 1);
  for (size_t i = 0; i < buckets.size(); ++i) array[i] = static_cast<double>(buckets[i]);
  array[buckets.size()] = values.sum;
  return array;
}

// runStatistics(): {models: [[name, predict, classify, regress, examples,
//                            gRPC requests of predict, of classify, of regress, REST requests
//                            of the same], …],
//                   loads: [[path, successes, failures, microseconds], …]}
Napi::Value ReadRunStatistics(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array models = Napi::Array::New(env);
  for (const ModelStatistics* model : RunStatistics::Process().Models()) {
    Napi::Array entry = Napi::Array::New(env);
    uint32_t length = 0;
    entry.Set(length++, Napi::String::New(env, model->name));
    for (const LatencyHistogram& runs : model->run_latency) {
      entry.Set(length++, HistogramOf(env, runs.Read()));
    }
    entry.Set(length++, HistogramOf(env, model->examples.Read()));
    for (const auto& of_protocol : model->request_latency) {
      for (const LatencyHistogram& requests : of_protocol) {
        entry.Set(length++, HistogramOf(env, requests.Read()));
      }
    }
    models.Set(models.Length(), entry);
  }
  Napi::Array loads = Napi::Array::New(env);
  for (const auto& [path, load] : RunStatistics::Process().Loads()) {
    Napi::Array entry = Napi::Array::New(env);
    entry.Set(0u, Napi::String::New(env, path));
    entry.Set(1u, NumberOf(env, load.successes));
    entry.Set(2u, NumberOf(env, load.failures));
    entry.Set(3u, NumberOf(env, load.microseconds));
    loads.Set(loads.Length(), entry);
  }
  Napi::Object statistics = Napi::Object::New(env);
  statistics.Set("models", models);
  statistics.Set("loads", loads);
  return statistics;
}

}  // namespace

void ExportStatistics(Napi::Env env, Napi::Object exports) {
  exports.Set("runStatistics", Napi::Function::New(env, ReadRunStatistics, "runStatistics"));
}

}  // namespace tensorgate
