// ShapedModels: a model compiled for the shapes that its inputs come in: as the file says, and,
// where that may be, the latest of others. Any thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "openvino/core.h"
#include "status/status.h"

namespace tensorgate {

using Shapes = std::vector<std::vector<int64_t>>;  // by the numbers of the model's inputs

class ShapedModels {
 public:
  // Of others than the file's shapes.
  static constexpr size_t kMostKept = 4;

  // `resizes`: inputs may have other shapes than the model says. OWNERSHIP: takes the model.
  // ERRORS: as openvino::Core::Compile().
  static Status Make(const openvino::Core& core, std::unique_ptr<openvino::Model> model,
                     const openvino::CompileOptions& options, bool resizes,
                     std::unique_ptr<ShapedModels>* out);

  // As the file says.
  const openvino::CompiledModel& first() const { return *first_; }

  // Which takes inputs of these shapes; the caller shares it. Where it must be compiled, that
  // blocks, and others that need one wait. ERRORS: INVALID_ARGUMENT where the model does not work
  // with them, or may not be resized.
  Status For(const Shapes& shapes, std::shared_ptr<const openvino::CompiledModel>* out);

 private:
  ShapedModels(const openvino::Core& core, std::unique_ptr<openvino::Model> model,
               const openvino::CompileOptions& options)
      : core_(core), model_(std::move(model)), options_(options) {}
  std::shared_ptr<const openvino::CompiledModel> Kept(const Shapes& shapes);

  const openvino::Core& core_;
  std::unique_ptr<openvino::Model> model_;  // null: it may not be resized
  const openvino::CompileOptions options_;
  std::shared_ptr<const openvino::CompiledModel> first_;
  std::mutex compiling_;  // before mutex_
  std::mutex mutex_;
  std::list<std::shared_ptr<const openvino::CompiledModel>> kept_;  // the latest first
};

}  // namespace tensorgate
