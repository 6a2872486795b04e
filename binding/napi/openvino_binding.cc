#include "napi/openvino_binding.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "model/quiet_runs.h"
#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/inference_binding.h"
#include "napi/rows_value.h"
#include "napi/warmup_value.h"
#include "openvino/c_api.h"
#include "servables/openvino_servable.h"
#include "warmup/row_trial.h"

namespace tensorgate {
namespace {

class LoadModelFileJob : public AsyncJob {
 public:
  LoadModelFileJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue,
                   OpenVinoServableOptions options, std::optional<WarmupOptions> warmup,
                   std::shared_ptr<LoadStop> stop)
      : AsyncJob(slot, std::move(queue)),
        stop_(std::move(stop)),
        options_(std::move(options)),
        warmup_(std::move(warmup)) {
    options_.stop = stop_.get();
    if (warmup_) warmup_->stop = stop_.get();
  }

  // {warmup, id, signatureDefMap, signatures, rows, leftOut, library}; a warm-up that failed is
  // alone.
  napi_value TakeValue(napi_env raw_env) override {
    const Napi::Env env(raw_env);
    Napi::Object value = Napi::Object::New(env);
    value.Set("warmup", warmup_ ? WarmupValue(env, report_) : env.Null());
    if (model_ == nullptr) return value;
    const std::string& map = model_->signature_def_map();
    value.Set("signatureDefMap", Napi::Buffer<char>::Copy(env, map.data(), map.size()));
    value.Set("signatures", SignatureNames(env, *model_));
    value.Set("rows", options_.row_policy ? SignatureRowsValue(env, rows_) : env.Null());
    Napi::Object left_out = Napi::Object::New(env);
    for (const auto& [signature, why] : model_->left_out()) left_out.Set(signature, why);
    value.Set("leftOut", left_out);
    value.Set("library", Napi::String::New(env, openvino::LibraryVersion()));
    value.Set("id", Napi::Number::New(env, Process::Get().registry.Add(std::move(model_))));
    return value;
  }

 protected:
  Status Execute() override {
    if (stop_->IsStopped()) return LoadCancelled();
    Status status = OpenVinoServable::Load(options_, &model_);
    if (!status.ok()) return status;
    if (warmup_ && !stop_->IsStopped()) WarmUpModel();
    if (options_.row_policy && model_ != nullptr && !stop_->IsStopped()) TryRows();
    if (!stop_->IsStopped()) return Status();
    model_.reset();
    return LoadCancelled();
  }

 private:
  void WarmUpModel() {
    report_ = WarmUp(*model_, *warmup_);
    if (!report_.status.ok()) {
      model_.reset();
      return;
    }
    if (report_.has_file || !warmup_->synthetic) return;
    const auto start = std::chrono::steady_clock::now();
    const Status status = model_->RunOnZeros();
    report_.micros += std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::steady_clock::now() - start)
                          .count();
    if (status.ok()) {
      report_.synthetic.run = 1;
    } else {
      report_.synthetic.failed = 1;
      report_.synthetic.first_failure = status.message();
    }
  }

  void TryRows() {
    const QuietRuns quiet;
    RowTrialLimits limits;
    limits.stop = stop_.get();
    rows_ = model_->rows();
    RunRowTrial(limits, model_.get(), &rows_);
  }

  const std::shared_ptr<LoadStop> stop_;
  OpenVinoServableOptions options_;
  std::optional<WarmupOptions> warmup_;
  WarmupReport report_;
  std::vector<SignatureRows> rows_;
  std::unique_ptr<OpenVinoServable> model_;
};

bool ReadFormat(const Napi::Object& given, ModelFormat* out) {
  std::string format;
  if (!ReadString(given, "format", &format)) return false;
  if (format != "tflite" && format != "onnx") {
    return ThrowTypeError(given.Env(), "format must be 'tflite' or 'onnx'");
  }
  *out = format == "onnx" ? ModelFormat::kOnnx : ModelFormat::kTflite;
  return true;
}

// loadModelFile(slot, {name, version, path, file, format, library, rows, warmup})
void LoadModelFile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t slot;
  if (!ReadSlot(info, &slot)) return;
  if (!info[1].IsObject()) {
    ThrowTypeError(env, "options must be an object");
    return;
  }
  const Napi::Object given = info[1].As<Napi::Object>();
  OpenVinoServableOptions options;
  std::string path;
  if (!ReadString(given, "name", &options.name) || !ReadString(given, "path", &path) ||
      !ReadString(given, "file", &options.file) ||
      !ReadString(given, "library", &options.library) || !ReadFormat(given, &options.format)) {
    return;
  }
  if (!ReadVersion(given.Get("version"), &options.version)) return;
  if (!ReadRowPolicy(env, given.Get("rows"), &options.row_policy)) return;
  std::optional<WarmupOptions> warmup;
  if (!ReadWarmup(env, given.Get("warmup"), path, &warmup)) return;
  // As many runs at the same time as there are threads to ask for them.
  options.streams = static_cast<int>(Process::Get().runs.threads());
  Environment& environment = Environment::From(env);
  const auto stop = std::make_shared<LoadStop>();
  environment.AddLoad(slot, stop);
  environment.Submit(&Process::Get().loads, std::make_unique<LoadModelFileJob>(
                                                slot, environment.completions(), std::move(options),
                                                std::move(warmup), stop));
  Process::Get().loads.Wake();
}

}  // namespace

void ExportOpenVino(Napi::Env env, Napi::Object exports) {
  exports.Set("loadModelFile", Napi::Function::New(env, LoadModelFile, "loadModelFile"));
}

}  // namespace tensorgate
