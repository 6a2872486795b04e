#include "napi/statistics_binding.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/metrics_text.h"
#include "model/request_metrics.h"
#include "model/request_statistics.h"
#include "model/run_statistics.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/process.h"
#include "napi/reply.h"

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
//                   loads: [[path, successes, failures, microseconds], …],
//                   graphRuns: [runs, microseconds], engineRuns: [run, left],
//                   runPool: [threads, busy, waiting]}
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
  const GraphRuns graph_runs = RunStatistics::Process().graph_runs();
  Napi::Array runs = Napi::Array::New(env);
  runs.Set(0u, NumberOf(env, graph_runs.runs));
  runs.Set(1u, NumberOf(env, graph_runs.microseconds));
  statistics.Set("graphRuns", runs);
  const EngineRuns engine_runs = RunStatistics::Process().engine_runs();
  Napi::Array of_engine = Napi::Array::New(env);
  of_engine.Set(0u, NumberOf(env, engine_runs.run));
  of_engine.Set(1u, NumberOf(env, engine_runs.left));
  statistics.Set("engineRuns", of_engine);
  WorkerPool& run_pool = Process::Get().runs;
  const WorkerPool::Load load = run_pool.load();
  Napi::Array pool = Napi::Array::New(env);
  pool.Set(0u, NumberOf(env, run_pool.threads()));
  pool.Set(1u, NumberOf(env, load.busy));
  pool.Set(2u, NumberOf(env, load.waiting));
  statistics.Set("runPool", pool);
  return statistics;
}

// countRequests(): from now on, of the versions that are loaded.
void CountRequests(const Napi::CallbackInfo&) { RequestStatistics::SwitchOn(); }

// requestsInFlight(): [name, version, requests, …]
Napi::Value ReadRequestsInFlight(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::vector<RequestStatistics::InFlight> in_flight = RequestStatistics::ReadInFlight();
  Napi::Array requests = Napi::Array::New(env, 3 * in_flight.size());
  uint32_t length = 0;
  for (const RequestStatistics::InFlight& of_version : in_flight) {
    requests.Set(length++, Napi::String::New(env, of_version.name));
    requests.Set(length++, Napi::String::New(env, std::to_string(of_version.version)));
    requests.Set(length++, Napi::Number::New(env, static_cast<double>(of_version.requests)));
  }
  return requests;
}

class WriteMetricsJob : public AsyncJob {
 public:
  WriteMetricsJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue, std::string lines,
                  std::vector<double> numbers, std::string appendix)
      : AsyncJob(slot, std::move(queue)),
        lines_(std::move(lines)),
        numbers_(std::move(numbers)),
        appendix_(std::move(appendix)) {}

  napi_value TakeValue(napi_env env) override { return ReplyValue(env, &out_, false); }

 protected:
  Status Execute() override {
    AppendRequestMetrics(&lines_, &numbers_);
    if (!WriteMetricsText(lines_, numbers_.data(), numbers_.size(), &out_)) {
      return Status(Code::kInternal, "the numbers of the metrics are not those of the lines");
    }
    out_.Append(appendix_);
    return Status();
  }

 private:
  std::string lines_;
  std::vector<double> numbers_;
  const std::string appendix_;
  OutputBuffer out_;
};

// writeMetrics(slot, lines, numbers, appendix): see codec/metrics_text.h; what requests were
// counted by version comes before the appendix
void WriteMetrics(const Napi::CallbackInfo& info) {
  uint32_t slot;
  if (!ReadSlot(info, &slot)) return;
  if (!info[1].IsString() || !info[2].IsTypedArray() || !info[3].IsString()) {
    ThrowTypeError(info.Env(), "lines and appendix must be strings, numbers a Float64Array");
    return;
  }
  const Napi::Float64Array given = info[2].As<Napi::Float64Array>();
  std::vector<double> numbers(given.Data(), given.Data() + given.ElementLength());
  Environment& environment = Environment::From(info.Env());
  auto job = std::make_unique<WriteMetricsJob>(
      slot, environment.completions(), info[1].As<Napi::String>().Utf8Value(), std::move(numbers),
      info[3].As<Napi::String>().Utf8Value());
  environment.Submit(&Process::Get().decodes, std::move(job));
  Process::Get().decodes.Wake();
}

}  // namespace

void ExportStatistics(Napi::Env env, Napi::Object exports) {
  exports.Set("runStatistics", Napi::Function::New(env, ReadRunStatistics, "runStatistics"));
  exports.Set("writeMetrics", Napi::Function::New(env, WriteMetrics, "writeMetrics"));
  exports.Set("countRequests", Napi::Function::New(env, CountRequests, "countRequests"));
  exports.Set("requestsInFlight",
              Napi::Function::New(env, ReadRequestsInFlight, "requestsInFlight"));
}

}  // namespace tensorgate
