#include "warmup/warmup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "call/inference_call.h"
#include "codec/json/json_dump.h"
#include "codec/record/prediction_log.h"
#include "codec/record/tf_record.h"

namespace tensorgate {
namespace {

constexpr char kWarmupFile[] = "assets.extra/tf_serving_warmup_requests";
constexpr uint32_t kMaxRecords = 1000;  // upstream's

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

// Null with an OK status when there is no such file. Texts as TensorFlow's file system has them.
Status Open(const std::string& path, FileHandle* file, uint64_t* size) {
  // O_NONBLOCK: a FIFO would make the load wait for a writer.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Status();
    const Code code = errno == EACCES ? Code::kPermissionDenied : Code::kUnknown;
    return Status(code, path + "; " + std::strerror(errno));
  }
  struct stat about;
  if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) {
    close(descriptor);
    return Status(Code::kFailedPrecondition, path + "; Not a regular file");
  }
  *size = static_cast<uint64_t>(about.st_size);
  file->reset(fdopen(descriptor, "rb"));
  if (*file != nullptr) return Status();
  close(descriptor);
  return Status(Code::kResourceExhausted, path + "; " + std::strerror(ENOMEM));
}

// Null for what has nothing to run. ERRORS: UNIMPLEMENTED for a type that no warm-up knows.
Status CallFor(const PredictionLogView& log, const std::shared_ptr<const Servable>& model,
               std::unique_ptr<InferenceCall>* call) {
  switch (log.type) {
    case LogType::kNone:
      return Status();
    case LogType::kPredict:
      *call = NewProtoPredictCall(model, /*as_content=*/false);
      return Status();
    case LogType::kClassify:
      *call = NewProtoExampleCall(model, Method::kClassify);
      return Status();
    case LogType::kRegress:
      *call = NewProtoExampleCall(model, Method::kRegress);
      return Status();
    case LogType::kMultiInference:
      *call = NewProtoExampleCall(model, Method::kMultiInference);
      return Status();
    case LogType::kSessionRun:
    case LogType::kPredictStreamed:
      break;
  }
  return Status(Code::kUnimplemented, "Unsupported log_type for warmup: " +
                                          std::to_string(static_cast<uint32_t>(log.type)));
}

// Not an owner: warm-up ends before its caller lets go of the model.
std::shared_ptr<const Servable> Borrow(const Servable& model) {
  return std::shared_ptr<const Servable>(std::shared_ptr<const Servable>(), &model);
}

class FileWarmup {
 public:
  FileWarmup(const Servable& model, const WarmupOptions& options, std::string path)
      : model_(Borrow(model)),
        iterations_(options.iterations),
        stop_(options.stop),
        path_(std::move(path)) {}

  Status Run(std::FILE* file, uint64_t size, WarmupReport* report) const {
    TfRecordReader reader(file, size);
    while (true) {
      if (IsStopped(stop_)) return LoadCancelled();
      std::string_view record;
      bool ended;
      const Status read = reader.Next(&record, &ended);
      if (!read.ok()) {
        if (read.code() != Code::kDataLoss) return read;
        report->read_through = true;
        return Status(Code::kDataLoss,
                      read.message() + ". Please verify your warmup data is in TFRecord format.");
      }
      if (ended) {
        report->read_through = true;
        return Status();
      }
      const Status status = RunRecord(record);
      if (!status.ok()) return status;
      if (++report->records > kMaxRecords) {
        return InvalidArgument("Number of warmup records exceeds the maximum (" +
                               std::to_string(kMaxRecords) + ") at " + path_);
      }
    }
  }

 private:
  Status RunRecord(std::string_view record) const {
    PredictionLogView log;
    const Status parsed = ParsePredictionLog(record, &log);
    if (!parsed.ok()) {
      return InvalidArgument("Failed to parse warmup record: " +
                             std::string(record.substr(0, kMaxShownStringBytes)) + " from " + path_)
          .With(path_, parsed.message());
    }
    for (uint32_t i = 0; i < iterations_; ++i) {
      const Status status = RunLog(log);
      if (!status.ok()) return status;
    }
    return Status();
  }

  Status RunLog(const PredictionLogView& log) const {
    std::unique_ptr<InferenceCall> call;
    Status status = CallFor(log, model_, &call);
    if (!status.ok() || call == nullptr) return status;
    status = call->Decode(log.request, DecodeLimits());
    if (!status.ok()) return status;
    OutputBuffer response;  // written for its own first time, and dropped
    return call->RunAndEncode(&response);
  }

  const std::shared_ptr<const Servable> model_;
  const uint32_t iterations_;
  const LoadStop* const stop_;
  const std::string path_;
};

}  // namespace

WarmupReport WarmUp(const Servable& model, const WarmupOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  WarmupReport report;
  std::string path = options.path + "/" + kWarmupFile;
  FileHandle file;
  uint64_t size = 0;
  report.status = Open(path, &file, &size);
  report.has_file = file != nullptr || !report.status.ok();
  if (file != nullptr) {
    const FileWarmup warmup(model, options, std::move(path));
    report.status = warmup.Run(file.get(), size, &report);
  } else if (report.status.ok() && options.synthetic && model.AsSavedModel() != nullptr) {
    SyntheticWarmupLimits limits;
    limits.stop = options.stop;
    report.synthetic = RunSyntheticWarmup(*model.AsSavedModel(), limits, options.batch_rows);
  }
  report.micros = std::chrono::duration_cast<std::chrono::microseconds>(
                      std::chrono::steady_clock::now() - start)
                      .count();
  return report;
}

bool ReadWarmupCalls(const Servable& model, const std::string& path, size_t most,
                     std::vector<std::unique_ptr<InferenceCall>>* calls) {
  FileHandle file;
  uint64_t size = 0;
  if (!Open(path + "/" + kWarmupFile, &file, &size).ok()) return true;
  if (file == nullptr) return false;
  TfRecordReader reader(file.get(), size);
  std::string_view record;
  bool ended = false;
  while (calls->size() < most && reader.Next(&record, &ended).ok() && !ended) {
    PredictionLogView log;
    std::unique_ptr<InferenceCall> call;
    if (!ParsePredictionLog(record, &log).ok() || !CallFor(log, Borrow(model), &call).ok()) break;
    if (call == nullptr) continue;
    if (!call->Decode(log.request, DecodeLimits()).ok()) break;
    calls->push_back(std::move(call));
  }
  return true;
}

}  // namespace tensorgate
