#include "napi/table_binding.h"

#include <memory>
#include <string>
#include <utility>

#include "napi/arguments.h"
#include "napi/environment.h"
#include "napi/inference_binding.h"
#include "servables/table_servable.h"

namespace tensorgate {
namespace {

class LoadTableJob : public AsyncJob {
 public:
  LoadTableJob(uint32_t slot, std::shared_ptr<CompletionQueue> queue, TableServableOptions options,
               std::shared_ptr<LoadStop> stop)
      : AsyncJob(slot, std::move(queue)), stop_(std::move(stop)), options_(std::move(options)) {
    options_.stop = stop_.get();
  }

  // {id, signatureDefMap, signatures, rows, ownBytes, fileBytes}
  napi_value TakeValue(napi_env raw_env) override {
    const Napi::Env env(raw_env);
    Napi::Object value = Napi::Object::New(env);
    const std::string& map = table_->signature_def_map();
    value.Set("signatureDefMap", Napi::Buffer<char>::Copy(env, map.data(), map.size()));
    value.Set("signatures", SignatureNames(env, *table_));
    const TableMemory memory = table_->table().memory();
    const auto set = [&](const char* name, uint64_t number) {
      value.Set(name, Napi::Number::New(env, static_cast<double>(number)));
    };
    set("rows", table_->table().rows());
    set("ownBytes", memory.own);
    set("fileBytes", memory.file);
    set("id", Process::Get().registry.Add(std::move(table_)));
    return value;
  }

 protected:
  Status Execute() override {
    if (stop_->IsStopped()) return LoadCancelled();
    return TableServable::Load(std::move(options_), &table_);
  }

 private:
  const std::shared_ptr<LoadStop> stop_;
  TableServableOptions options_;
  std::unique_ptr<TableServable> table_;
};

bool ReadFlag(const Napi::Object& given, const char* name, bool* out) {
  if (napi_get_value_bool(given.Env(), given.Get(name), out) == napi_ok) return true;
  return ThrowTypeError(given.Env(), std::string(name) + " must be a boolean");
}

bool ReadDtype(const Napi::Object& given, DataType* out) {
  int64_t number;
  if (!ReadInteger(given, "dtype", &number)) return false;
  *out = static_cast<DataType>(static_cast<int32_t>(number));
  return true;
}

// See NativeTableConfig in src/native/binding.ts.
bool ReadConfig(const Napi::Object& given, TableConfig* config) {
  int64_t format, duplicates;
  const Napi::Value key = given.Get("key");
  const Napi::Value outputs = given.Get("outputs");
  if (!key.IsObject() || !outputs.IsArray()) {
    return ThrowTypeError(given.Env(), "key must be an object, outputs an array");
  }
  const auto of_key = key.As<Napi::Object>();
  if (!ReadInteger(given, "format", &format) || !ReadInteger(given, "duplicateKeys", &duplicates) ||
      !ReadInteger(given, "numOovBuckets", &config->num_oov_buckets) ||
      !ReadString(given, "file", &config->file) ||
      !ReadString(given, "vocabularyFile", &config->vocabulary_file) ||
      !ReadFlag(given, "headerRow", &config->header_row) ||
      !ReadFlag(given, "memoryMap", &config->memory_map) ||
      !ReadString(of_key, "name", &config->key.name) ||
      !ReadString(of_key, "column", &config->key.column) ||
      !ReadDtype(of_key, &config->key.dtype)) {
    return false;
  }
  config->format = static_cast<TableFormat>(format);
  config->duplicate_keys = static_cast<DuplicateKeys>(duplicates);
  const auto list = outputs.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::Value each = list.Get(i);
    if (!each.IsObject()) return ThrowTypeError(given.Env(), "an output must be an object");
    const auto of_output = each.As<Napi::Object>();
    TableOutputConfig& output = config->outputs.emplace_back();
    if (!ReadString(of_output, "name", &output.name) ||
        !ReadStrings(of_output, "columns", &output.columns) ||
        !ReadStrings(of_output, "defaultValue", &output.default_value) ||
        !ReadFlag(of_output, "rowNumber", &output.row_number) ||
        !ReadDtype(of_output, &output.dtype)) {
      return false;
    }
  }
  return true;
}

// loadTable(slot, {name, version, path, config})
void LoadTable(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uint32_t slot;
  if (!ReadSlot(info, &slot)) return;
  if (!info[1].IsObject() || !info[1].As<Napi::Object>().Get("config").IsObject()) {
    ThrowTypeError(env, "options must be an object with a config");
    return;
  }
  const Napi::Object given = info[1].As<Napi::Object>();
  TableServableOptions options;
  if (!ReadString(given, "name", &options.name) || !ReadString(given, "path", &options.path) ||
      !ReadConfig(given.Get("config").As<Napi::Object>(), &options.config)) {
    return;
  }
  if (!ReadVersion(given.Get("version"), &options.version)) return;
  Environment& environment = Environment::From(env);
  const auto stop = std::make_shared<LoadStop>();
  environment.AddLoad(slot, stop);
  environment.Submit(
      &Process::Get().loads,
      std::make_unique<LoadTableJob>(slot, environment.completions(), std::move(options), stop));
  Process::Get().loads.Wake();
}

}  // namespace

void ExportTable(Napi::Env env, Napi::Object exports) {
  exports.Set("loadTable", Napi::Function::New(env, LoadTable, "loadTable"));
}

}  // namespace tensorgate
