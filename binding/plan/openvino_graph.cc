#include "plan/openvino_graph.h"

#include <algorithm>
#include <cstring>
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

// The rows that all inputs have; 0: they have none in common.
int64_t RowsOf(const OpenVinoGraph::Shape& shape) {
  int64_t rows = 0;
  for (size_t at = 0; at < shape.size(); at += 1 + static_cast<size_t>(shape[at])) {
    if (shape[at] == 0) return 0;
    const int64_t own = shape[at + 1];
    if (own < 1 || (rows != 0 && own != rows)) return 0;
    rows = own;
  }
  return rows;
}

// REQUIRES: RowsOf(shape) != 0.
OpenVinoGraph::Shape WithRows(OpenVinoGraph::Shape shape, int64_t rows) {
  for (size_t at = 0; at < shape.size(); at += 1 + static_cast<size_t>(shape[at])) {
    shape[at + 1] = rows;
  }
  return shape;
}

// `memory` with the last row again and again until there are so many. False: out of memory.
bool Pad(int64_t rows, TensorMemory* memory, AlignedBuffer* buffer) {
  const size_t of_row = memory->bytes / static_cast<size_t>(memory->dims[0]);
  if (!buffer->Resize(of_row * static_cast<size_t>(rows))) return false;
  auto* const data = static_cast<unsigned char*>(static_cast<void*>(buffer->data()));
  std::memcpy(data, memory->data, memory->bytes);
  const unsigned char* const last = data + memory->bytes - of_row;
  for (size_t at = memory->bytes; at < buffer->size(); at += of_row) {
    std::memcpy(data + at, last, of_row);
  }
  *memory = {memory->dtype, memory->dims, data, buffer->size()};
  memory->dims[0] = rows;
  return true;
}

Status Lacks(const std::string& what) {
  return Status(Code::kFailedPrecondition, "OpenVINO has no " + what + " of the graph");
}

}  // namespace

Status OpenVinoGraph::Make(const openvino::Core& core, const openvino::CompileOptions& options,
                           bool is_wanted, EngineGraph graph, std::shared_ptr<OpenVinoGraph>* out) {
  std::shared_ptr<OpenVinoGraph> made(new OpenVinoGraph(core, options, is_wanted));
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
    inputs_.push_back({input.dtype, input.below, input.dims});
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

bool OpenVinoGraph::Run(const std::vector<const TF_Tensor*>& values, bool has_rows,
                        std::vector<TensorHandle>* results, Shape* wanted) {
  if (!AreTaken(values)) return false;
  const Shape shape = ShapeOf(values);
  int64_t rows = has_rows && only_ == nullptr && wanted != nullptr && AreAsDeclared(values)
                     ? RowsOf(shape)
                     : 0;
  const std::shared_ptr<CompiledModel> model =
      rows == 0 ? ModelFor(shape, wanted) : ModelForRows(shape, wanted, &rows);
  if (model == nullptr) return false;
  std::vector<Tensor> made;
  const auto started = std::chrono::steady_clock::now();
  if (!RunPadded(model.get(), values, rows, &made)) return false;
  if (rows != 0) {
    const auto time = std::chrono::steady_clock::now() - started;
    const MutexLock lock(&mutex_);
    const auto known = known_.find(WithRows(shape, rows));
    // It may have been dropped in the meantime.
    if (known != known_.end() && known->second.model != nullptr) SizesOf(shape)->Ran(rows, time);
  }
  return ToTfTensors(&made, output_ports_, results).ok();
}

// With `rows` unless they are 0.
bool OpenVinoGraph::RunPadded(CompiledModel* model, const std::vector<const TF_Tensor*>& values,
                              int64_t rows, std::vector<Tensor>* made) const {
  std::vector<TensorMemory> inputs(values.size());
  std::vector<AlignedBuffer> padded(values.size());
  const int64_t own = rows == 0 ? 0 : TF_Dim(values[0], 0);
  for (size_t i = 0; i < values.size(); ++i) {
    TensorMemory& input = inputs[input_ports_[i]];
    input = MemoryOf(values[i]);
    if (rows > own && !Pad(rows, &input, &padded[i])) return false;
  }
  if (!openvino::RunModel(*model, inputs, output_ports_, made).ok()) return false;
  if (rows <= own) return true;
  for (const size_t port : output_ports_) {
    Tensor& output = (*made)[port];
    if (output.dims.empty()) return false;
    if (output.dims[0] == own) continue;  // an output of several names
    if (output.dims[0] != rows) return false;
    output.dims[0] = own;
    output.elements = output.elements / rows * own;
  }
  return true;
}

void OpenVinoGraph::RanElsewhere(const std::vector<const TF_Tensor*>& values,
                                 std::chrono::nanoseconds time) {
  if (only_ != nullptr) return;
  const Shape shape = ShapeOf(values);
  const int64_t rows = RowsOf(shape);
  const MutexLock lock(&mutex_);
  RowSizes* const sizes = rows == 0 ? nullptr : SizesOf(shape);
  if (sizes != nullptr && rows <= RowSizes::kMostRows) sizes->RanElsewhere(rows, time);
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
  if (RowSizes* const sizes = SizesOf(shape)) sizes->Compiled(RowsOf(shape));
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

// What is known of rows holds for shapes that the signature declares.
bool OpenVinoGraph::AreAsDeclared(const std::vector<const TF_Tensor*>& values) const {
  for (size_t i = 0; i < values.size(); ++i) {
    const std::vector<int64_t>& dims = inputs_[i].dims;
    if (TF_NumDims(values[i]) != static_cast<int>(dims.size())) return false;
    for (size_t d = 1; d < dims.size(); ++d) {
      if (dims[d] >= 0 && dims[d] != TF_Dim(values[i], static_cast<int>(d))) return false;
    }
  }
  return true;
}

// Null: there are too many kinds of rows, or it has none. REQUIRES: mutex_ is held.
RowSizes* OpenVinoGraph::SizesOf(const Shape& shape) {
  if (RowsOf(shape) == 0) return nullptr;
  const Shape of_row = WithRows(shape, 1);
  const auto found = row_sizes_.find(of_row);
  if (found != row_sizes_.end()) return &found->second;
  if (row_sizes_.size() >= kMostCounted) {
    for (auto each = row_sizes_.begin(); each != row_sizes_.end();) {
      each = each->second.has_compiled() ? std::next(each) : row_sizes_.erase(each);
    }
  }
  return &row_sizes_.try_emplace(of_row, is_wanted_).first->second;
}

// Sets `rows` to those that it runs.
std::shared_ptr<CompiledModel> OpenVinoGraph::ModelForRows(const Shape& shape, Shape* wanted,
                                                           int64_t* rows) {
  const MutexLock lock(&mutex_);
  RowSizes* const sizes = SizesOf(shape);
  if (known_.size() >= kMostCounted) ForgetCounts();
  const int64_t wanted_size = sizes->Count(*rows, most_shapes_);
  if (wanted_size != 0) Want(WithRows(shape, wanted_size), wanted);
  *rows = sizes->SizeFor(*rows);
  if (*rows == 0) return nullptr;
  Known& known = known_[WithRows(shape, *rows)];
  known.last = ++clock_;
  return known.model;
}

// REQUIRES: mutex_ is held.
void OpenVinoGraph::Want(const Shape& shape, Shape* wanted) {
  Known& known = known_[shape];
  known.last = ++clock_;
  if (known.has_failed || known.model != nullptr || is_compiling_) return;
  is_compiling_ = true;
  *wanted = shape;
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
  if (++known.runs >= kRunsUntilWanted) Want(shape, wanted);
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
  if (count <= most_shapes_) return;
  if (RowSizes* const sizes = SizesOf(least->first)) sizes->Dropped(RowsOf(least->first));
  known_.erase(least);
}

}  // namespace tensorgate
