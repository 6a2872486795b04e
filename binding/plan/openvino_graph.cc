#include "plan/openvino_graph.h"

#include <algorithm>
#include <iterator>

#include "openvino/run_model.h"
#include "pool/allocator.h"
#include "tf/tensor.h"

namespace tensorgate {
namespace {

using openvino::CompiledModel;
using openvino::TensorMemory;

// Shapes that are only counted.
constexpr size_t kMostCounted = 256;

// False where a value is none that the graph takes.
template <typename T>
bool AreBelow(const TF_Tensor* tensor, int64_t below) {
  const auto* values = static_cast<const T*>(TF_TensorData(tensor));
  const auto count = static_cast<size_t>(TF_TensorElementCount(tensor));
  // One comparison each: below 0 it is a large number.
  return std::all_of(values, values + count, [below](T value) {
    return static_cast<uint64_t>(value) < static_cast<uint64_t>(below);
  });
}

TensorMemory MemoryOf(const TF_Tensor* tensor) {
  TensorMemory memory;
  memory.dtype = static_cast<DataType>(TF_TensorType(tensor));
  for (int i = 0; i < TF_NumDims(tensor); ++i) memory.dims.push_back(TF_Dim(tensor, i));
  memory.data = TF_TensorData(tensor);
  memory.bytes = TF_TensorByteSize(tensor);
  return memory;
}

OpenVinoGraph::Shape ShapeOf(const std::vector<const TF_Tensor*>& values) {
  OpenVinoGraph::Shape shape;
  for (const TF_Tensor* value : values) {
    shape.push_back(TF_NumDims(value));
    for (int i = 0; i < TF_NumDims(value); ++i) shape.push_back(TF_Dim(value, i));
  }
  return shape;
}

Status Lacks(const std::string& what) {
  return Status(Code::kFailedPrecondition, "OpenVINO has no " + what + " of the graph");
}

}  // namespace

Status OpenVinoGraph::Make(const openvino::Core& core, const openvino::CompileOptions& options,
                           EngineGraph graph, std::shared_ptr<OpenVinoGraph>* out) {
  std::shared_ptr<OpenVinoGraph> made(new OpenVinoGraph(core, options));
  const MutexLock lock(&made->compiling_);
  made->options_.maps_weights = graph.graph_def.size() >= openvino::kMapsFrom;
  made->most_shapes_ = std::clamp<size_t>(kMostBytes / graph.graph_def.size(), 2, kMostShapes);
  Status status = made->graph_.Make();
  if (status.ok()) status = made->graph_.Append(graph.graph_def);
  if (!status.ok()) return status;
  std::string().swap(graph.graph_def);  // before it is read
  status = core.ReadGraphDef(made->graph_, &made->model_);
  if (made->options_.maps_weights) ReleaseFreed();  // what it was read from
  if (status.ok()) status = made->FindPorts(graph);
  if (!status.ok()) return status;
  const std::vector<openvino::Port>& inputs = made->model_->inputs();
  const bool has_one_shape =
      std::all_of(inputs.begin(), inputs.end(),
                  [](const openvino::Port& port) { return port.shape.is_known(); });
  if (has_one_shape) {
    std::unique_ptr<CompiledModel> only;
    status = core.Compile(*made->model_, made->options_, &only);
    if (!status.ok()) return status;
    made->only_ = std::move(only);
    made->model_.reset();
  }
  *out = made;
  return status;
}

// REQUIRES: compiling_ is held.
Status OpenVinoGraph::FindPorts(const EngineGraph& graph) {
  for (const EngineInput& input : graph.inputs) {
    const int port = model_->FindInput(input.name);
    if (port < 0) return Lacks("input " + input.name);
    inputs_.push_back({input.dtype, input.below});
    input_ports_.push_back(static_cast<size_t>(port));
  }
  for (const std::string& output : graph.outputs) {
    const int port = model_->FindOutput(output);
    if (port < 0 || model_->outputs()[static_cast<size_t>(port)].dtype != kEngineOutputType) {
      return Lacks("output " + output);
    }
    output_ports_.push_back(static_cast<size_t>(port));
  }
  return model_->inputs().size() == inputs_.size() ? Status() : Lacks("other inputs than those");
}

bool OpenVinoGraph::Run(const std::vector<const TF_Tensor*>& values,
                        std::vector<TensorHandle>* results, Shape* wanted) {
  if (!AreTaken(values)) return false;
  const std::shared_ptr<CompiledModel> model = ModelFor(ShapeOf(values), wanted);
  if (model == nullptr) return false;
  std::vector<TensorMemory> inputs(values.size());
  for (size_t i = 0; i < values.size(); ++i) inputs[input_ports_[i]] = MemoryOf(values[i]);
  std::vector<Tensor> made;
  return openvino::RunModel(*model, inputs, output_ports_, &made).ok() &&
         ToTfTensors(&made, output_ports_, results).ok();
}

bool OpenVinoGraph::Compile(const Shape& shape) {
  if (only_ != nullptr) return false;
  std::unique_ptr<CompiledModel> compiled;
  if (!CompileModel(shape, &compiled).ok()) compiled.reset();
  const MutexLock lock(&mutex_);
  is_compiling_ = false;
  Known& known = known_[shape];
  known.has_failed = compiled == nullptr;
  known.last = ++clock_;
  if (known.has_failed) return false;
  known.model = std::move(compiled);
  DropLeastUsed();
  return true;
}

Status OpenVinoGraph::CompileModel(const Shape& shape, std::unique_ptr<CompiledModel>* compiled) {
  const MutexLock lock(&compiling_);
  std::unique_ptr<openvino::Model> model = std::move(model_);
  Status status = model == nullptr ? core_.ReadGraphDef(graph_, &model) : Status();
  if (!status.ok()) return status;
  std::vector<std::pair<size_t, std::vector<int64_t>>> shapes;
  Split(shape, &shapes);
  status = model->Reshape(shapes);
  return status.ok() ? core_.Compile(*model, options_, compiled) : status;
}

void OpenVinoGraph::GiveUp() {
  const MutexLock lock(&mutex_);
  is_compiling_ = false;
}

bool OpenVinoGraph::CompileFor(const std::vector<const TF_Tensor*>& values) {
  return AreTaken(values) && Compile(ShapeOf(values));
}

bool OpenVinoGraph::AreTaken(const std::vector<const TF_Tensor*>& values) const {
  for (size_t i = 0; i < values.size(); ++i) {
    if (static_cast<DataType>(TF_TensorType(values[i])) != inputs_[i].dtype) return false;
    // TensorFlow's kernels refuse some of what has no elements.
    if (TF_TensorElementCount(values[i]) == 0) return false;
    const int64_t below = inputs_[i].below;
    if (below == 0) continue;
    const bool is_taken = inputs_[i].dtype == DataType::kInt32
                              ? AreBelow<int32_t>(values[i], below)
                              : AreBelow<int64_t>(values[i], below);
    if (!is_taken) return false;
  }
  return true;
}

void OpenVinoGraph::Split(const Shape& shape,
                          std::vector<std::pair<size_t, std::vector<int64_t>>>* shapes) const {
  auto at = shape.begin();
  for (size_t port : input_ports_) {
    const auto rank = static_cast<std::ptrdiff_t>(*at++);
    shapes->push_back({port, std::vector<int64_t>(at, at + rank)});
    at += rank;
  }
}

std::shared_ptr<CompiledModel> OpenVinoGraph::ModelFor(const Shape& shape, Shape* wanted) {
  if (only_ != nullptr) return only_;
  const MutexLock lock(&mutex_);
  if (wanted == nullptr) {
    const auto known = known_.find(shape);
    return known == known_.end() ? nullptr : known->second.model;
  }
  if (known_.size() >= kMostCounted && known_.count(shape) == 0) ForgetCounts();
  Known& known = known_[shape];
  known.last = ++clock_;
  if (known.model != nullptr) return known.model;
  if (++known.runs >= kRunsUntilWanted && !known.has_failed && !is_compiling_) {
    is_compiling_ = true;
    *wanted = shape;
  }
  return nullptr;
}

// Whoever asks with ever new shapes gets none compiled. REQUIRES: mutex_ is held.
void OpenVinoGraph::ForgetCounts() {
  for (auto each = known_.begin(); each != known_.end();) {
    each = each->second.model == nullptr ? known_.erase(each) : std::next(each);
  }
}

// REQUIRES: mutex_ is held.
void OpenVinoGraph::DropLeastUsed() {
  size_t count = 0;
  auto least = known_.end();
  for (auto each = known_.begin(); each != known_.end(); ++each) {
    if (each->second.model == nullptr) continue;
    ++count;
    if (least == known_.end() || each->second.last < least->second.last) least = each;
  }
  if (count > most_shapes_) known_.erase(least);
}

}  // namespace tensorgate
