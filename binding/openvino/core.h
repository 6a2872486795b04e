// Core: OpenVINO, once per process. Reads models and compiles them for the CPU. Any thread, several
// at once; what reads or compiles takes its time and belongs on the load pool.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "files/scratch_file.h"
#include "openvino/compiled_model.h"
#include "openvino/model.h"
#include "status/status.h"

namespace tensorgate::openvino {

class Core {
 public:
  // `library`: path of libopenvino_c.so; only the first that can be opened counts. OWNERSHIP: the
  // process's, never freed. ERRORS: as OpenLibrary(); INTERNAL.
  static Status Get(const std::string& library, const Core** core);

  // A file that ends in .tflite, .onnx or .pb (a GraphDef), which says what it is. ERRORS:
  // INVALID_ARGUMENT with OpenVINO's text, where it cannot read it.
  Status ReadFile(const std::string& path, std::unique_ptr<Model>* model) const;

  // A serialized GraphDef, whose constants are copied. ERRORS: as ReadFile(); INTERNAL where there
  // is no place for a file or a link to it.
  Status ReadGraphDef(const ScratchFile& graph_def, std::unique_ptr<Model>* model) const;

  // A TFLite model. ERRORS: as ReadGraphDef().
  Status ReadTflite(const ScratchFile& file, std::unique_ptr<Model>* model) const;

  // An ONNX model. ERRORS: as ReadFile().
  Status ReadOnnx(std::string_view bytes, std::unique_ptr<Model>* model) const;

  // ERRORS: INVALID_ARGUMENT with OpenVINO's text.
  Status Compile(const Model& model, const CompileOptions& options,
                 std::unique_ptr<CompiledModel>* compiled) const;

 private:
  Status ReadLinked(const ScratchFile& file, const char* name, std::unique_ptr<Model>* model) const;
  explicit Core(CoreObject* object) : object_(object) {}
  // Empty: without a cache.
  Status CompileIn(const std::string& cache_dir, const Model& model, const CompileOptions& options,
                   std::unique_ptr<CompiledModel>* compiled) const;
  Status CompileCopies(const Model& model, const CompileOptions& options,
                       std::unique_ptr<CompiledModel>* compiled) const;
  Status CompileObject(const std::string& cache_dir, const Model& model,
                       const CompileOptions& options, CompiledModelHandle* compiled) const;

  CoreHandle object_;
};

}  // namespace tensorgate::openvino
