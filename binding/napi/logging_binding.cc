#include "napi/logging_binding.h"

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "logging/log_writer.h"
#include "logging/model_logger.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/reply.h"

namespace tensorgate {
namespace {

// {name, samplingRate, pathPrefix, metadata}
bool ConfigureModel(const Napi::Object& given, std::set<ModelLogger*>* configured,
                    std::set<std::string>* prefixes) {
  std::string name;
  auto destination = std::make_shared<LogDestination>();
  std::string_view metadata;
  const Napi::Value rate = given.Get("samplingRate");
  if (!ReadString(given, "name", &name) ||
      !ReadString(given, "pathPrefix", &destination->path_prefix)) {
    return false;
  }
  const bool is_path = destination->path_prefix.find('/') == 0;
  if (!is_path || !rate.IsNumber() || !BytesOf(given.Env(), given.Get("metadata"), &metadata)) {
    return ThrowTypeError(given.Env(), "pathPrefix, samplingRate or metadata is none");
  }
  destination->metadata = std::string(metadata);
  prefixes->insert(destination->path_prefix);
  ModelLogger* const logger = ModelLoggers::Process().Of(name);
  configured->insert(logger);
  logger->Configure(std::move(destination), rate.As<Napi::Number>().DoubleValue());
  return true;
}

// configureLogging(models, {queueBytes, fileBytes, totalBytes, fileSeconds}): of the process; the
// requests of other models are not logged from now on.
void ConfigureLogging(const Napi::CallbackInfo& info) {
  if (!info[0].IsArray() || !info[1].IsObject()) {
    ThrowTypeError(info.Env(), "configureLogging takes a list and limits");
    return;
  }
  const Napi::Array models = info[0].As<Napi::Array>();
  const Napi::Object given = info[1].As<Napi::Object>();
  int64_t queue, file, total, seconds;
  if (!ReadInteger(given, "queueBytes", &queue) || !ReadInteger(given, "fileBytes", &file) ||
      !ReadInteger(given, "totalBytes", &total) || !ReadInteger(given, "fileSeconds", &seconds)) {
    return;
  }
  LogLimits limits;
  limits.queue_bytes = static_cast<size_t>(queue);
  limits.files.file_bytes = static_cast<uint64_t>(file);
  limits.files.total_bytes = static_cast<uint64_t>(total);
  limits.files.file_age = std::chrono::seconds(seconds);
  std::set<ModelLogger*> configured;
  std::set<std::string> prefixes;
  for (uint32_t i = 0; i < models.Length(); ++i) {
    const Napi::Value model = models.Get(i);
    if (!model.IsObject()) {
      ThrowTypeError(info.Env(), "a model must be an object");
      return;
    }
    if (!ConfigureModel(model.As<Napi::Object>(), &configured, &prefixes)) return;
  }
  for (ModelLogger* const logger : ModelLoggers::Process().All()) {
    if (configured.count(logger) == 0) logger->Configure(nullptr, 0);
  }
  LogWriter::Process().Configure(limits, std::move(prefixes));
}

// logCounts(): [[model, written, dropped, failed, bytes on disk, last error or empty], …], of all
// models ever loaded or configured that have any.
Napi::Value LogCounts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Napi::Array all = Napi::Array::New(env);
  for (ModelLogger* const logger : ModelLoggers::Process().All()) {
    const ModelLogger::Counts counts = logger->Read();
    if (counts.written + counts.dropped + counts.failed == 0) continue;
    Napi::Array entry = Napi::Array::New(env, 6);
    uint32_t length = 0;
    entry.Set(length++, Napi::String::New(env, logger->name));
    for (const uint64_t count :
         {counts.written, counts.dropped, counts.failed, counts.disk_bytes}) {
      entry.Set(length++, Napi::Number::New(env, static_cast<double>(count)));
    }
    entry.Set(length++, Napi::String::New(env, counts.last_error));
    all.Set(all.Length(), entry);
  }
  return all;
}

// Argument 0: a model's name. Null with a pending TypeError when it is none.
ModelLogger* ReadModel(const Napi::CallbackInfo& info) {
  std::string name;
  return ReadText(info, 0, &name) ? ModelLoggers::Process().Of(name) : nullptr;
}

// startRecording(model, records, bytes, perShape): false where one is under way.
Napi::Value StartRecording(const Napi::CallbackInfo& info) {
  ModelLogger* const logger = ReadModel(info);
  uint32_t records, bytes, per_shape;
  if (logger == nullptr || !ReadUint32(info, 1, "records", &records) ||
      !ReadUint32(info, 2, "bytes", &bytes) || !ReadUint32(info, 3, "perShape", &per_shape)) {
    return info.Env().Undefined();
  }
  WarmupRecording::Limits limits;
  limits.records = records;
  limits.bytes = bytes;
  limits.per_shape = per_shape;
  return Napi::Boolean::New(info.Env(),
                            logger->StartRecording(std::make_shared<WarmupRecording>(limits)));
}

// recordingCounts(model): [records, seen, isFull]; null where none is under way.
Napi::Value RecordingCounts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ModelLogger* const logger = ReadModel(info);
  if (logger == nullptr) return env.Undefined();
  const std::shared_ptr<WarmupRecording> recording = logger->recording();
  if (recording == nullptr) return env.Null();
  const WarmupRecording::Counts counts = recording->Read();
  Napi::Array tuple = Napi::Array::New(env, 3);
  tuple.Set(0u, Napi::Number::New(env, static_cast<double>(counts.records)));
  tuple.Set(1u, Napi::Number::New(env, static_cast<double>(counts.seen)));
  tuple.Set(2u, Napi::Boolean::New(env, counts.full));
  return tuple;
}

// endRecording(model): the bytes of the file; null where none was under way.
Napi::Value EndRecording(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  ModelLogger* const logger = ReadModel(info);
  if (logger == nullptr) return env.Undefined();
  const std::shared_ptr<WarmupRecording> recording = logger->recording();
  if (recording == nullptr) return env.Null();
  logger->StopRecording();
  OutputBuffer file = recording->Take();
  return Napi::Value(env, ReplyValue(env, &file, /*is_text=*/false));
}

class FlushJob : public AsyncJob {
 public:
  using AsyncJob::AsyncJob;

 protected:
  Status Execute() override {
    LogWriter::Process().Flush();
    return Status();
  }
};

// flushLogs(slot): answered when all that was logged before is in the files.
void FlushLogs(const Napi::CallbackInfo& info) {
  uint32_t slot;
  if (!ReadSlot(info, &slot)) return;
  Environment& environment = Environment::From(info.Env());
  environment.Submit(&Process::Get().loads,
                     std::make_unique<FlushJob>(slot, environment.completions()));
  Process::Get().loads.Wake();
}

}  // namespace

void ExportLogging(Napi::Env env, Napi::Object exports) {
  exports.Set("configureLogging", Napi::Function::New(env, ConfigureLogging, "configureLogging"));
  exports.Set("logCounts", Napi::Function::New(env, LogCounts, "logCounts"));
  exports.Set("startRecording", Napi::Function::New(env, StartRecording, "startRecording"));
  exports.Set("recordingCounts", Napi::Function::New(env, RecordingCounts, "recordingCounts"));
  exports.Set("endRecording", Napi::Function::New(env, EndRecording, "endRecording"));
  exports.Set("flushLogs", Napi::Function::New(env, FlushLogs, "flushLogs"));
}

}  // namespace tensorgate
