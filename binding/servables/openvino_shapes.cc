#include "servables/openvino_shapes.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tensorgate {
namespace {

bool Takes(const openvino::PartialShape& known, const std::vector<int64_t>& given) {
  if (known.unknown_rank) return true;
  return std::equal(known.dims.begin(), known.dims.end(), given.begin(), given.end(),
                    [](int64_t of_model, int64_t dim) { return of_model < 0 || of_model == dim; });
}

bool TakesAll(const openvino::CompiledModel& model, const Shapes& shapes) {
  for (size_t i = 0; i < shapes.size(); ++i) {
    if (!Takes(model.inputs()[i].shape, shapes[i])) return false;
  }
  return true;
}

std::string TextOf(const std::vector<int64_t>& dims) {
  std::string text = "[";
  for (const int64_t dim : dims) {
    if (text.size() > 1) text += ",";
    text += dim < 0 ? "?" : std::to_string(dim);
  }
  return text + "]";
}

// Any number of rows where that is all that the model does not expect.
std::vector<int64_t> Widened(const openvino::PartialShape& known,
                             const std::vector<int64_t>& given) {
  if (known.unknown_rank || known.dims.size() != given.size() || given.empty()) return given;
  std::vector<int64_t> widened = known.dims;
  widened[0] = -1;
  openvino::PartialShape shape;
  shape.unknown_rank = false;
  shape.dims = widened;
  return Takes(shape, given) ? widened : given;
}

}  // namespace

Status ShapedModels::Make(const openvino::Core& core, std::unique_ptr<openvino::Model> model,
                          const openvino::CompileOptions& options, bool resizes,
                          std::unique_ptr<ShapedModels>* out) {
  std::unique_ptr<ShapedModels> made(new ShapedModels(core, std::move(model), options));
  std::unique_ptr<openvino::CompiledModel> compiled;
  Status status = core.Compile(*made->model_, options, &compiled);
  if (!status.ok()) return status;
  made->first_ = std::move(compiled);
  if (!resizes) made->model_.reset();
  *out = std::move(made);
  return Status();
}

std::shared_ptr<const openvino::CompiledModel> ShapedModels::Kept(const Shapes& shapes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(),
                                  [&](const auto& each) { return TakesAll(*each, shapes); });
  if (found == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, found);
  return kept_.front();
}

Status ShapedModels::For(const Shapes& shapes,
                         std::shared_ptr<const openvino::CompiledModel>* out) {
  if (TakesAll(*first_, shapes)) {
    *out = first_;
    return Status();
  }
  if (model_ == nullptr) {
    for (size_t i = 0; i < shapes.size(); ++i) {
      const openvino::Port& port = first_->inputs()[i];
      if (Takes(port.shape, shapes[i])) continue;
      return InvalidArgument("input \"" + port.name + "\" has the shape " + TextOf(shapes[i]) +
                             ", expected " + TextOf(port.shape.dims));
    }
  }
  *out = Kept(shapes);
  if (*out != nullptr) return Status();
  const std::lock_guard<std::mutex> compiling(compiling_);
  *out = Kept(shapes);  // another was faster
  if (*out != nullptr) return Status();
  std::vector<std::pair<size_t, std::vector<int64_t>>> reshaped;
  for (size_t i = 0; i < shapes.size(); ++i) {
    reshaped.emplace_back(i, Widened(first_->inputs()[i].shape, shapes[i]));
  }
  std::unique_ptr<openvino::CompiledModel> compiled;
  Status status = model_->Reshape(reshaped);
  if (status.ok()) status = core_.Compile(*model_, options_, &compiled);
  if (!status.ok()) return status;
  *out = std::move(compiled);
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_.push_front(*out);
  if (kept_.size() > kMostKept) kept_.pop_back();
  return Status();
}

}  // namespace tensorgate
