#include "openvino/core.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "files/mapped_file.h"
#include "files/scratch_folder.h"
#include "openvino/error.h"

namespace tensorgate::openvino {
namespace {

const char kCannotRead[] = "OpenVINO cannot read the model";

// Each has its own memory, and takes as long to compile. Runs of such models are short, so that it
// is seldom that more are under way.
constexpr int kMostCopies = 4;

std::mutex making_core;
const Core* the_core = nullptr;

}  // namespace

Status Core::Get(const std::string& library, const Core** core) {
  Status status = OpenLibrary(library);
  if (!status.ok()) return status;
  const std::lock_guard<std::mutex> lock(making_core);
  if (the_core == nullptr) {
    CoreObject* object = nullptr;
    status = FromOpenVino(Api().core_create(&object), Code::kInternal, "cannot start OpenVINO");
    if (!status.ok()) return status;
    the_core = new Core(object);
  }
  *core = the_core;
  return Status();
}

Status Core::ReadFile(const std::string& path, std::unique_ptr<Model>* model) const {
  ModelObject* object = nullptr;
  Status status = FromOpenVino(Api().read_model(object_.get(), path.c_str(), nullptr, &object),
                               Code::kInvalidArgument, kCannotRead);
  if (!status.ok()) return status;
  return Model::Of(ModelHandle(object), model);
}

Status Core::ReadGraphDef(const ScratchFile& graph_def, std::unique_ptr<Model>* model) const {
  return ReadLinked(graph_def, "/graph.pb", model);
}

Status Core::ReadTflite(const ScratchFile& file, std::unique_ptr<Model>* model) const {
  return ReadLinked(file, "/model.tflite", model);
}

// It judges a file by its name.
Status Core::ReadLinked(const ScratchFile& file, const char* name,
                        std::unique_ptr<Model>* model) const {
  ScratchFolder folder;
  Status status = folder.Make();
  if (!status.ok()) return status;
  const std::string link = folder.path() + name;
  if (symlink(file.path().c_str(), link.c_str()) != 0) {
    return Status(Code::kInternal, "cannot link " + link + "; " + std::strerror(errno));
  }
  return ReadFile(link, model);
}

Status Core::ReadOnnx(std::string_view bytes, std::unique_ptr<Model>* model) const {
  ModelObject* object = nullptr;
  Status status = FromOpenVino(
      Api().read_model_from_memory(object_.get(), bytes.data(), bytes.size(), nullptr, &object),
      Code::kInvalidArgument, kCannotRead);
  if (!status.ok()) return status;
  return Model::Of(ModelHandle(object), model);
}

Status Core::Compile(const Model& model, const CompileOptions& options,
                     std::unique_ptr<CompiledModel>* compiled) const {
  if (options.streams > 1 && !options.maps_weights) return CompileCopies(model, options, compiled);
  ScratchFolder folder;
  const bool wants_folder = options.cache_dir.empty() && options.maps_weights;
  const bool has_folder = wants_folder && folder.Make().ok();
  const std::string& cache_dir = has_folder ? folder.path() : options.cache_dir;
  const bool maps = options.maps_weights && !cache_dir.empty();
  Status status = CompileIn(cache_dir, model, options, compiled);
  if (status.ok() && maps && !(*compiled)->IsFromCache()) {
    compiled->reset();  // beside the next the weights would be there once more
    status = CompileIn(cache_dir, model, options, compiled);
  }
  if (has_folder && !status.ok()) return CompileIn("", model, options, compiled);
  if (status.ok() && maps) ReleaseMappedPages(cache_dir);
  return status;
}

Status Core::CompileCopies(const Model& model, const CompileOptions& options,
                           std::unique_ptr<CompiledModel>* compiled) const {
  CompileOptions one = options;
  one.streams = one.threads = 1;
  const bool has_more = options.streams > kMostCopies;
  Status status = CompileIn(options.cache_dir, model, has_more ? options : one, compiled);
  const int copies = has_more ? kMostCopies : options.streams - 1;
  for (int i = 0; i < copies && status.ok(); ++i) {
    CompiledModelHandle copy;
    status = CompileObject(options.cache_dir, model, one, &copy);
    if (status.ok()) status = (*compiled)->AddCopy(std::move(copy));
  }
  return status;
}

Status Core::CompileIn(const std::string& cache_dir, const Model& model,
                       const CompileOptions& options,
                       std::unique_ptr<CompiledModel>* compiled) const {
  CompiledModelHandle object;
  Status status = CompileObject(cache_dir, model, options, &object);
  return status.ok() ? CompiledModel::Of(std::move(object), compiled) : status;
}

Status Core::CompileObject(const std::string& cache_dir, const Model& model,
                           const CompileOptions& options, CompiledModelHandle* compiled) const {
  const std::string streams = std::to_string(options.streams);
  const std::string threads = std::to_string(options.threads);
  // Pinned threads would be those of the run pool, whose CPUs are the kernel's to choose.
  std::vector<CProperty> properties = {
      {"INFERENCE_PRECISION_HINT", options.precision.c_str()},
      {"NUM_STREAMS", streams.c_str()},
      {"INFERENCE_NUM_THREADS", threads.c_str()},
      {"PERFORMANCE_HINT", options.performance_hint.c_str()},
      {"ENABLE_CPU_PINNING", "NO"},
  };
  if (!cache_dir.empty()) properties.push_back({"CACHE_DIR", cache_dir.c_str()});
  CompiledModelObject* object = nullptr;
  Status status = FromOpenVino(Api().compile_model(object_.get(), model.object(), "CPU",
                                                   properties.size(), properties.data(), &object),
                               Code::kInvalidArgument, "OpenVINO cannot compile the model");
  if (status.ok()) compiled->reset(object);
  return status;
}

}  // namespace tensorgate::openvino
